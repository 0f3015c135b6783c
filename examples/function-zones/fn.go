package main

import (
	"context"

	"github.com/crossplane/function-sdk-go/errors"
	"github.com/crossplane/function-sdk-go/logging"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"github.com/crossplane/function-sdk-go/request"
	"github.com/crossplane/function-sdk-go/resource"
	"github.com/crossplane/function-sdk-go/resource/composed"
	"github.com/crossplane/function-sdk-go/response"
)

// Function creates a ClusterNopResource for each of the composite resource's spec.zones.
type Function struct {
	fnv1.UnimplementedFunctionRunnerServiceServer

	log logging.Logger
}

// RunFunction adds a resource for each zone to the desired resources, and sets status.zones to their number.
func (f *Function) RunFunction(_ context.Context, req *fnv1.RunFunctionRequest) (*fnv1.RunFunctionResponse, error) {
	f.log.Debug("Running", "tag", req.GetMeta().GetTag())
	rsp := response.To(req, response.DefaultTTL)
	if err := addZones(req, rsp); err != nil {
		response.Fatal(rsp, err)
	}
	return rsp, nil
}

func addZones(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse) error {
	observed, err := request.GetObservedCompositeResource(req)
	if err != nil {
		return errors.Wrap(err, "cannot read the composite resource")
	}
	zones, err := observed.Resource.GetStringArray("spec.zones")
	if err != nil {
		return errors.Wrap(err, "spec.zones must be a list of strings")
	}
	desired, err := request.GetDesiredComposedResources(req)
	if err != nil {
		return errors.Wrap(err, "cannot read the desired resources")
	}
	seen := map[string]bool{}
	for _, zone := range zones {
		if zone == "" {
			return errors.New("spec.zones has an empty zone")
		}
		if seen[zone] {
			return errors.Errorf("spec.zones has zone %q twice", zone)
		}
		seen[zone] = true
		desired[resource.Name("zone-"+zone)] = &resource.DesiredComposed{Resource: nopResource(zone)}
	}
	if err := response.SetDesiredComposedResources(rsp, desired); err != nil {
		return errors.Wrap(err, "cannot write the desired resources")
	}
	return countZones(req, rsp, observed, len(zones))
}

func countZones(
	req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, observed *resource.Composite, count int,
) error {
	desired, err := request.GetDesiredCompositeResource(req)
	if err != nil {
		return errors.Wrap(err, "cannot read the desired composite resource")
	}
	// In the first step it is empty and has no kind.
	desired.Resource.SetAPIVersion(observed.Resource.GetAPIVersion())
	desired.Resource.SetKind(observed.Resource.GetKind())
	if err := desired.Resource.SetInteger("status.zones", int64(count)); err != nil {
		return errors.Wrap(err, "cannot set status.zones")
	}
	return errors.Wrap(response.SetDesiredCompositeResource(rsp, desired), "cannot write the desired composite resource")
}

// nopResource represents a zone: it is ready at once, and creates nothing outside the cluster.
func nopResource(zone string) *composed.Unstructured {
	made := composed.New()
	made.Object = map[string]any{
		"apiVersion": "nop.crossplane.io/v1alpha1",
		"kind":       "ClusterNopResource",
		"spec": map[string]any{
			"forProvider": map[string]any{
				"conditionAfter": []any{
					map[string]any{"time": "0s", "conditionType": "Ready", "conditionStatus": "True"},
				},
				"fields": map[string]any{"zone": zone},
			},
		},
	}
	return made
}
