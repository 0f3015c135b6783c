// Applies manifests to the cluster of KUBECONFIG as the kustomize-controller of Flux does, with the
// controller's own library: `flux-ssa KUSTOMIZATION NAMESPACE <manifests.yaml`. The manifests are all
// objects of the Kustomization. The program prunes each object of an earlier run that is not among
// them, and all objects if there are no manifests. The inventory is a file in the folder INVENTORIES; the controller keeps
// it in the status of the Kustomization.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/polling"
	"github.com/fluxcd/pkg/ssa"
	"github.com/fluxcd/pkg/ssa/normalize"
	"github.com/fluxcd/pkg/ssa/utils"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

const timeout = 5 * time.Minute

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "flux-ssa:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 3 {
		return errors.New("usage: flux-ssa KUSTOMIZATION NAMESPACE <manifests.yaml")
	}
	kustomization, namespace := os.Args[1], os.Args[2]
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	objects, err := utils.ReadObjects(os.Stdin)
	if err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return err
	}
	manager, err := manager(config)
	if err != nil {
		return err
	}
	manager.SetOwnerLabels(objects, kustomization, namespace)
	if err := apply(ctx, manager, objects); err != nil {
		return err
	}
	inventory := filepath.Join(os.Getenv("INVENTORIES"), kustomization+".yaml")
	if err := prune(ctx, manager, inventory, objects); err != nil {
		return err
	}
	text, err := utils.ObjectsToYAML(objects)
	if err != nil {
		return err
	}
	return os.WriteFile(inventory, []byte(text), 0o600)
}

func manager(config *rest.Config) (*ssa.ResourceManager, error) {
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	mapper, err := apiutil.NewDynamicRESTMapper(config, httpClient)
	if err != nil {
		return nil, err
	}
	cluster, err := client.New(config, client.Options{HTTPClient: httpClient, Mapper: mapper})
	if err != nil {
		return nil, err
	}
	poller := polling.NewStatusPoller(cluster, mapper, polling.Options{})
	owner := ssa.Owner{Field: "kustomize-controller", Group: "kustomize.toolkit.fluxcd.io"}
	return ssa.NewResourceManager(cluster, poller, owner), nil
}

// apply applies the objects, and waits for them as a Kustomization with `wait: true` does.
func apply(ctx context.Context, manager *ssa.ResourceManager, objects []*unstructured.Unstructured) error {
	if len(objects) == 0 {
		return nil
	}
	if err := normalize.UnstructuredList(objects); err != nil {
		return err
	}
	changes, err := manager.ApplyAllStaged(ctx, objects, ssa.DefaultApplyOptions())
	if err != nil {
		return err
	}
	for _, entry := range changes.Entries {
		fmt.Println(entry.Action, entry.Subject)
	}
	options := ssa.DefaultWaitOptions()
	options.Timeout = timeout
	return manager.WaitForSetWithContext(ctx, changes.ToObjMetadataSet(), options)
}

// prune deletes the objects of the inventory that are not among the objects, and waits until they
// are gone, as the controller does for a Kustomization with `deletionPolicy: WaitForTermination`.
func prune(
	ctx context.Context, manager *ssa.ResourceManager, inventory string, objects []*unstructured.Unstructured,
) error {
	file, err := os.Open(inventory)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	earlier, err := utils.ReadObjects(file)
	if err != nil {
		return err
	}
	remaining := map[string]bool{}
	for _, object := range objects {
		remaining[utils.FmtUnstructured(object)] = true
	}
	var stale []*unstructured.Unstructured
	for _, object := range earlier {
		if !remaining[utils.FmtUnstructured(object)] {
			stale = append(stale, object)
		}
	}
	if len(stale) == 0 {
		return nil
	}
	changes, err := manager.DeleteAll(ctx, stale, ssa.DefaultDeleteOptions())
	if err != nil {
		return err
	}
	for _, entry := range changes.Entries {
		fmt.Println(entry.Action, entry.Subject)
	}
	options := ssa.DefaultWaitOptions()
	options.Timeout = timeout
	return manager.WaitForTermination(stale, options)
}
