package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/crossplane/function-sdk-go"
	"github.com/crossplane/function-sdk-go/logging"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"github.com/crossplane/function-sdk-go/proto/v1beta1"
	"github.com/crossplane/function-sdk-go/resource"
)

const (
	earlier = `{"apiVersion": "v1", "kind": "ConfigMap", "data": {"of": "an earlier step"}}`
	fleet   = `"apiVersion": "fleet.example.org/v1alpha1", "kind": "XFleet"`
)

func fromJSON(json string) *fnv1.Resource {
	return &fnv1.Resource{Resource: resource.MustStructJSON(json)}
}

// observed returns the state of an XFleet with a spec.
func observed(spec string) *fnv1.State {
	return &fnv1.State{Composite: fromJSON(fmt.Sprintf(`{%s, "metadata": {"name": "example"}, "spec": %s}`, fleet, spec))}
}

// status returns the desired XFleet with a status.
func status(status string) *fnv1.Resource {
	return fromJSON(fmt.Sprintf(`{%s, "status": %s}`, fleet, status))
}

func nop(zone string) *fnv1.Resource {
	return fromJSON(fmt.Sprintf(`{
		"apiVersion": "nop.crossplane.io/v1alpha1",
		"kind": "ClusterNopResource",
		"spec": {"forProvider": {
			"conditionAfter": [{"time": "0s", "conditionType": "Ready", "conditionStatus": "True"}],
			"fields": {"zone": %q}
		}}
	}`, zone))
}

func TestRunFunction(t *testing.T) {
	cases := map[string]struct {
		reason  string
		request *fnv1.RunFunctionRequest
		desired *fnv1.State
	}{
		"OneResourcePerZone": {
			reason:  "each zone gets a resource, and the status has their number",
			request: &fnv1.RunFunctionRequest{Observed: observed(`{"zones": ["a", "b"]}`)},
			desired: &fnv1.State{
				Composite: status(`{"zones": 2}`),
				Resources: map[string]*fnv1.Resource{"zone-a": nop("a"), "zone-b": nop("b")},
			},
		},
		"NoZones": {
			reason:  "a fleet may be empty",
			request: &fnv1.RunFunctionRequest{Observed: observed(`{"zones": []}`)},
			desired: &fnv1.State{Composite: status(`{"zones": 0}`)},
		},
		"EarlierSteps": {
			reason: "the desired resources of earlier steps remain, with their readiness",
			request: &fnv1.RunFunctionRequest{
				Observed: observed(`{"zones": ["a"]}`),
				Desired: &fnv1.State{
					Composite: status(`{"owner": "me", "zones": 7}`),
					Resources: map[string]*fnv1.Resource{
						"earlier": {Resource: fromJSON(earlier).GetResource(), Ready: fnv1.Ready_READY_TRUE},
					},
				},
			},
			desired: &fnv1.State{
				Composite: status(`{"owner": "me", "zones": 1}`),
				Resources: map[string]*fnv1.Resource{
					"earlier": {Resource: fromJSON(earlier).GetResource(), Ready: fnv1.Ready_READY_TRUE},
					"zone-a":  nop("a"),
				},
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			want := &fnv1.RunFunctionResponse{
				Meta:    &fnv1.ResponseMeta{Ttl: durationpb.New(time.Minute)},
				Desired: tc.desired,
			}
			got, err := newFunction().RunFunction(context.Background(), tc.request)
			if err != nil {
				t.Fatalf("%s: RunFunction(...): %v", tc.reason, err)
			}
			if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
				t.Errorf("%s: RunFunction(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestBadInput(t *testing.T) {
	cases := map[string]struct {
		reason string
		spec   string
		want   string
	}{
		"Missing": {
			reason: "without zones there is nothing to do, which is probably a mistake",
			spec:   `{}`,
			want:   "spec.zones must be a list of strings: spec.zones: no such field",
		},
		"NoList": {
			reason: "a zone without a list is a likely mistake",
			spec:   `{"zones": "a"}`,
			want:   "spec.zones must be a list of strings: spec.zones: not an array",
		},
		"NoString": {
			reason: "unquoted numbers are a likely mistake",
			spec:   `{"zones": ["a", 1]}`,
			want:   "spec.zones must be a list of strings: spec.zones: not an array of strings",
		},
		"Empty": {
			reason: "the resource of an empty zone would be hard to find",
			spec:   `{"zones": ["a", ""]}`,
			want:   "spec.zones has an empty zone",
		},
		"Twice": {
			reason: "two zones of one name would share a resource",
			spec:   `{"zones": ["a", "b", "a"]}`,
			want:   `spec.zones has zone "a" twice`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			request := &fnv1.RunFunctionRequest{Observed: observed(tc.spec)}
			got, err := newFunction().RunFunction(context.Background(), request)
			if err != nil {
				t.Fatalf("%s: RunFunction(...): %v", tc.reason, err)
			}
			want := &fnv1.RunFunctionResponse{
				Meta: &fnv1.ResponseMeta{Ttl: durationpb.New(time.Minute)},
				Results: []*fnv1.Result{{
					Severity: fnv1.Severity_SEVERITY_FATAL,
					Message:  tc.want,
					Target:   fnv1.Target_TARGET_COMPOSITE.Enum(),
				}},
			}
			if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
				t.Errorf("%s: RunFunction(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// Crossplane 1.16 and older only send v1beta1 requests.
func TestOlderCrossplane(t *testing.T) {
	sent, err := proto.Marshal(&fnv1.RunFunctionRequest{Observed: observed(`{"zones": ["a"]}`)})
	if err != nil {
		t.Fatal(err)
	}
	request := &v1beta1.RunFunctionRequest{}
	if err := proto.Unmarshal(sent, request); err != nil {
		t.Fatal(err)
	}
	got, err := function.ServeBeta(newFunction()).RunFunction(context.Background(), request)
	if err != nil {
		t.Fatal(err)
	}
	want := nop("a").GetResource()
	if diff := cmp.Diff(want, got.GetDesired().GetResources()["zone-a"].GetResource(), protocmp.Transform()); diff != "" {
		t.Errorf("RunFunction(...) of v1beta1: -want, +got:\n%s", diff)
	}
}

func newFunction() *Function {
	return &Function{log: logging.NewNopLogger()}
}
