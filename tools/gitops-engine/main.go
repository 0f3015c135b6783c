// Syncs or deletes an application in the cluster of KUBECONFIG as Argo CD does, with the engine of Argo CD.
// `gitops-engine sync NAMESPACE <manifests.yaml` applies an application of these manifests, and prunes
// its objects that are no longer among them. `gitops-engine delete NAMESPACE` deletes the application.
package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/argoproj/gitops-engine/pkg/cache"
	"github.com/argoproj/gitops-engine/pkg/sync"
	"github.com/argoproj/gitops-engine/pkg/sync/common"
	"github.com/argoproj/gitops-engine/pkg/sync/syncwaves"
	"github.com/argoproj/gitops-engine/pkg/utils/kube"
	"github.com/argoproj/gitops-engine/pkg/utils/tracing"
	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/kubectl/pkg/util/openapi"
)

// The annotation by which Argo CD finds the objects of an application.
const trackingID = "argocd.argoproj.io/tracking-id"

const application = "crossplane"

const timeout = 5 * time.Minute

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gitops-engine:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 3 || (os.Args[1] != "sync" && os.Args[1] != "delete") {
		return fmt.Errorf("usage: gitops-engine sync|delete NAMESPACE")
	}
	namespace := os.Args[2]
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 50, 100 // as Argo CD sets them
	live := cache.NewClusterCache(config,
		cache.SetLogr(logr.Discard()),
		cache.SetPopulateResourceInfoHandler(func(object *unstructured.Unstructured, _ bool) (any, bool) {
			isTracked := object.GetAnnotations()[trackingID] == application
			return tracked(isTracked), isTracked
		}),
	)
	kubectl := applier{&kube.KubectlCmd{Log: logr.Discard(), Tracer: tracing.NopTracer{}}}
	if err := live.EnsureSynced(); err != nil {
		return err
	}
	if os.Args[1] == "delete" {
		return remove(ctx, config, live, kubectl)
	}
	objects, err := read(os.Stdin)
	if err != nil {
		return err
	}
	if err := createNamespace(ctx, config, namespace); err != nil {
		return err
	}
	results, err := synchronize(ctx, config, live, kubectl, objects, namespace)
	failures := 0
	for _, result := range results {
		fmt.Println(result.Status, result.ResourceKey.String(), result.Message)
		if result.Status != common.ResultCodeSynced && result.Status != common.ResultCodePruned {
			failures++
		}
	}
	if err == nil && failures > 0 {
		err = fmt.Errorf("%d objects are not synced", failures)
	}
	return err
}

// synchronize runs a sync operation until it is completed. Like Argo CD's controller, and unlike the
// loop of the engine, it compares with the objects in the cluster before each step: a wave is complete
// when its objects there are healthy.
func synchronize(
	ctx context.Context, config *rest.Config, live cache.ClusterCache, kubectl kube.Kubectl,
	objects []*unstructured.Unstructured, namespace string,
) ([]common.ResourceSyncResult, error) {
	var (
		phase   = common.OperationRunning
		message string
		results []common.ResourceSyncResult
		started = metav1.Now()
	)
	for {
		managed, err := live.GetManagedLiveObjs(objects, isManaged)
		if err != nil {
			return nil, err
		}
		comparison := sync.Reconcile(objects, managed, namespace, live)
		operation, cleanup, err := sync.NewSyncContext(
			"revision", comparison, config, config, kubectl, namespace, live.GetOpenAPISchema(),
			sync.WithPrune(true), sync.WithLogr(logr.Discard()),
			sync.WithInitialState(phase, message, results, started),
		)
		if err != nil {
			return nil, err
		}
		operation.Sync()
		phase, message, results = operation.GetState()
		cleanup()
		if phase == common.OperationSucceeded {
			return results, nil
		}
		if phase.Completed() {
			return results, fmt.Errorf("the sync operation is %s: %s", phase, message)
		}
		select {
		case <-ctx.Done():
			return results, fmt.Errorf("the sync operation is %s: %s: %w", phase, message, ctx.Err())
		case <-time.After(time.Second):
		}
	}
}

// tracked tells whether an object has the annotation of the application.
type tracked bool

func isManaged(resource *cache.Resource) bool {
	value, ok := resource.Info.(tracked)
	return ok && bool(value)
}

// remove deletes all objects of the application: those of the highest wave first, in the foreground.
// A wave follows when the previous one is gone, as in Argo CD's controller.
func remove(ctx context.Context, config *rest.Config, live cache.ClusterCache, kubectl kube.Kubectl) error {
	for {
		objects := live.FindResources("", isManaged)
		if len(objects) == 0 {
			return nil
		}
		highest := math.MinInt
		for _, object := range objects {
			highest = max(highest, syncwaves.Wave(object.Resource))
		}
		for key, object := range objects {
			if syncwaves.Wave(object.Resource) != highest || object.Resource.GetDeletionTimestamp() != nil {
				continue
			}
			foreground := metav1.DeletePropagationForeground
			options := metav1.DeleteOptions{PropagationPolicy: &foreground}
			kind := object.Resource.GroupVersionKind()
			err := kubectl.DeleteResource(ctx, config, kind, key.Name, key.Namespace, options)
			if err != nil && !errors.IsNotFound(err) {
				return err
			}
			fmt.Println("Deleted", key.String())
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d objects remain: %w", len(objects), ctx.Err())
		case <-time.After(time.Second):
		}
	}
}

// applier is the engine's kubectl with the server-side apply of Argo CD 2.5 and later. The engine 0.7.3
// names no field manager, and the API server refuses that.
type applier struct{ kube.Kubectl }

func (a applier) ManageResources(config *rest.Config, schema openapi.Resources) (kube.ResourceOperations, func(), error) {
	operations, cleanup, err := a.Kubectl.ManageResources(config, schema)
	return serverSide{operations, config}, cleanup, err
}

type serverSide struct {
	kube.ResourceOperations
	config *rest.Config
}

func (s serverSide) ApplyResource(
	ctx context.Context, object *unstructured.Unstructured, dryRun cmdutil.DryRunStrategy, force, validate, serverSide bool,
) (string, error) {
	if !serverSide || dryRun != cmdutil.DryRunNone {
		return s.ResourceOperations.ApplyResource(ctx, object, dryRun, force, validate, false)
	}
	text, err := object.MarshalJSON()
	if err != nil {
		return "", err
	}
	overwrite := true
	options := metav1.PatchOptions{FieldManager: "argocd-controller", Force: &overwrite}
	client, err := dynamic.NewForConfig(s.config)
	if err != nil {
		return "", err
	}
	// The engine gives each object a namespace. Only ConfigMaps have the option.
	kind, _ := meta.UnsafeGuessKindToResource(object.GroupVersionKind())
	resource := client.Resource(kind).Namespace(object.GetNamespace())
	_, err = resource.Patch(ctx, object.GetName(), types.ApplyPatchType, text, options)
	return "serverside-applied", err
}

// read returns the objects of a stream, with those of a List in its place, as Argo CD's repository
// server does.
func read(stream io.Reader) ([]*unstructured.Unstructured, error) {
	text, err := io.ReadAll(stream)
	if err != nil {
		return nil, err
	}
	documents, err := kube.SplitYAML(text)
	if err != nil {
		return nil, err
	}
	var objects []*unstructured.Unstructured
	for _, document := range documents {
		if !document.IsList() {
			objects = append(objects, document)
			continue
		}
		list, err := document.ToList()
		if err != nil {
			return nil, err
		}
		for index := range list.Items {
			objects = append(objects, &list.Items[index])
		}
	}
	for _, object := range objects {
		annotations := object.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[trackingID] = application
		object.SetAnnotations(annotations)
	}
	return objects, nil
}

// createNamespace does what the sync option CreateNamespace=true does.
func createNamespace(ctx context.Context, config *rest.Config, name string) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	_, err = client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})
	if errors.IsAlreadyExists(err) {
		return nil
	}
	return err
}
