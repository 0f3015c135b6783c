module crossplane-devcache.tools/semver-vectors

go 1.21

require (
	github.com/Masterminds/semver v1.5.0
	github.com/Masterminds/semver/v3 v3.5.0
)
