// Prints tests/data/semver-vectors.json for `make generate`: the versions that constraints admit,
// according to the two major versions of the semver library that Crossplane uses.
package main

import (
	"encoding/json"
	"fmt"
	"strings"

	v1 "github.com/Masterminds/semver"
	v3 "github.com/Masterminds/semver/v3"
)

var operators = []string{"", "=", "!=", ">", "<", ">=", "=>", "<=", "=<", "~", "~>", "^"}

var operands = []string{
	"1.2.3", "v1.2.3", "0.2.3", "0.0.3", "0.0.0", "1.2", "1", "0", "0.0", "1.x", "1.2.x", "2.*", "*", "x.2",
	"0.x", "0.0.x", "1.2.3-rc.1", "v0.1.0-0", "1.2-rc.1", "1-rc.1", "1.x-rc.1", "1.2.3+build", "v1.14.0-0",
}

var handwritten = []string{
	// Absent, and invalid constraints.
	"", " ", ",", "||", "v", "latest", "main", "1.2.3.4", "V1.2.3", "1.2.3-", "1.2.3+", "==1.2.3", "><1.2.3",
	"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", ">=", "1..2", "a.b.c", "1.2.3-rc..1",
	"1|2", "1x", "1x.2", "x1", "^~1", "!1.2.3", ">= v 1.2.3", "\t>=1.2.3\n", "\v>=1.2.3", ">=1.2.3\u00a0", "99999999999999999999",
	"9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616", "01.2.3", "1.2.3-01",
	// Constraints of real packages.
	">=v0.1.0", ">= v0.1.0", ">=v0.1.0-0", ">=v1.14.0-0", ">=v1.14.1-0", ">=v0.0.0", "v0.9.0", "^v0.4.0", "~v0.4.0", ">=v2.0.0-rc.0",
	// Conjunctions: the older library accepts only commas.
	">=v0.1.0, <v1.0.0", ">=v0.1.0,<v1.0.0", ">=v0.1.0 <v1.0.0", ">=v0.1.0  ,  <v1.0.0", ">=0.1.0 , <1.0.0", ">=0.1.0,, <1.0.0",
	">=0.1.0, <1.0.0,", ", >=0.1.0", ">=0.1.0<1.0.0", ">=0.1.0 && <1.0.0", ">0.1.0, !=0.2.3", ">0.1.0 !=0.2.3", "1.2.3 1.2.3",
	">=1.0.0-0, <2.0.0", ">=1.0.0, <2.0.0-0", ">=1.0.0-0, <2.0.0-0", ">=1.0.0-alpha <1.3.0", "!=1.2.3-rc.1, >=1.0.0", "!=1.x, >0.1.0",
	// Alternatives.
	"1.2.3 || 2.0.0", "1.2.3||2.0.0", "<1.0.0 || >=2.0.0", "^0.2.3 || ^1.2.3", ">=1.0.0-0 || 0.2.3", "0.2.3 || >=1.0.0-0, <2.0.0",
	"1.2.3 || ", "|| 1.2.3", "1.2.3 | 2.0.0", "1.2.3 || bad", ">=1 <2 || >=3 <4", ">=1, <2 || >=3, <4",
	// Ranges.
	"1.2.3 - 2.0.0", "1.2 - 2.0", "1 - 2", "v1.2.3 - v2.0.0", "1.2.3 -2.0.0", "1.2.3 - 2.0.0-rc.1", "1.2.3-rc.1 - 2.0.0",
	"1.2.3 - 2.0.0 || 3.0.0", "0.1.0 - 0.2.3, !=0.2.0", "0.1.0 - 0.2.3 !=0.2.0", ">=0.1.0 - 0.2.3", "1.x - 2.x", "1 - 2 - 3",
}

var versions = []string{
	"v0.0.0", "0.0.1", "0.0.3", "0.0.4", "v0.1.0-0", "v0.1.0-rc.1", "v0.1.0", "0.1.7", "0.2.0", "0.2.3", "0.2.4", "0.3.0", "0.9.0",
	"1.0.0-0", "1.0.0-alpha", "1.0.0", "1.1.9", "1.2.0", "1.2.2", "1.2.3-alpha", "1.2.3-rc.1", "1.2.3-rc.2", "1.2.3-rc.10",
	"1.2.3-rc.1.1", "1.2.3-1", "1.2.3-rc-1", "v1.2.3", "1.2.3+build", "1.2.3-rc.1+build", "1.2.4-rc.1", "1.2.4", "1.3.0", "v1.14.0",
	"v1.20.11", "1.9.9", "2.0.0-rc.1", "2.0.0", "2.1.3", "2.4.0-rc.0", "3.0.0", "10.0.0", "v1", "1.2", "1.2-rc.1", "latest", "", "main",
	"1.2.3.4", "V1.2.3", "v01.2.3", "1.2.3-01", "1.2.3-", "1.2.3\n", "9223372036854775808.0.0", "18446744073709551616.0.0",
	"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
}

// A vector is a constraint with the verdict of each library on each version: 1 for admitted, 0 for not
// admitted, x for an invalid version. The verdicts are empty for a constraint that the library rejects.
type vector struct {
	Constraint string `json:"constraint"`
	V1         string `json:"v1"`
	V3         string `json:"v3"`
}

func main() {
	vectors := make([]vector, 0, len(operators)*len(operands)+len(handwritten))
	add := func(constraint string) {
		vectors = append(vectors, vector{constraint, byV1(constraint), byV3(constraint)})
	}
	for _, constraint := range handwritten {
		add(constraint)
	}
	for _, operand := range operands {
		for _, operator := range operators {
			add(operator + operand)
		}
	}
	fmt.Printf("{\"versions\": %s,\n\"constraints\": [\n", line(versions))
	for i, entry := range vectors {
		comma := ","
		if i == len(vectors)-1 {
			comma = ""
		}
		fmt.Printf("%s%s\n", line(entry), comma)
	}
	fmt.Println("]}")
}

func line(value any) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(out.String(), "\n")
}

func byV1(constraint string) string {
	c, err := v1.NewConstraint(constraint)
	if err != nil {
		return ""
	}
	return row(func(text string) (bool, error) {
		version, err := v1.NewVersion(text)
		return err == nil && c.Check(version), err
	})
}

func byV3(constraint string) string {
	c, err := v3.NewConstraint(constraint)
	if err != nil {
		return ""
	}
	return row(func(text string) (bool, error) {
		version, err := v3.NewVersion(text)
		return err == nil && c.Check(version), err
	})
}

func row(admits func(string) (bool, error)) string {
	cells := make([]byte, len(versions))
	for i, version := range versions {
		admitted, err := admits(version)
		switch {
		case err != nil:
			cells[i] = 'x'
		case admitted:
			cells[i] = '1'
		default:
			cells[i] = '0'
		}
	}
	return string(cells)
}
