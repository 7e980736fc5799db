/* SPDX-License-Identifier: MIT */
/* Heap snapshots: taking, walking, writing them; the graph that an embedder adds. */
#include "own.h"

#include <v8-profiler.h>

#include <climits>
#include <cstring>
#include <memory>
#include <vector>

using namespace probe;

namespace {

struct Snapshot {
    explicit Snapshot(const HeapSnapshot *snapshot) : it(snapshot) {}
    ~Snapshot()
    {
        if (it)
            const_cast<HeapSnapshot *>(it)->Delete();
    }

    const HeapSnapshot *it;
};

const HeapGraphNode *Find(const HeapSnapshot *snapshot, const char *name)
{
    for (int i = 0; i < snapshot->GetNodesCount(); i++) {
        Isolate *isolate = Isolate::GetCurrent();
        HandleScope scope(isolate);
        const HeapGraphNode *node = snapshot->GetNode(i);

        if (Text(node->GetName()) == name)
            return node;
    }
    return nullptr;
}

/* An own isolate has a small heap, which makes a snapshot quick. */
const char marked[] = "class Marked { constructor() { this.inside = 'marked text' } };"
                      "globalThis.marked = new Marked()";

class Gather : public OutputStream {
public:
    explicit Gather(int limit = INT_MAX) : limit_(limit) {}
    void EndOfStream() override { ended++; }
    int GetChunkSize() override { return 500; }
    WriteResult WriteAsciiChunk(char *data, int size) override
    {
        EXPECT(size <= 500);
        text.append(data, static_cast<size_t>(size));
        return ++chunks < limit_ ? kContinue : kAbort;
    }
    WriteResult WriteHeapStatsChunk(HeapStatsUpdate *updates, int count) override
    {
        for (int i = 0; i < count; i++)
            EXPECT(updates[i].size < 100000000u);
        stats += count;
        return kContinue;
    }

    std::string text;
    int ended = 0, chunks = 0, stats = 0;

private:
    int limit_;
};

} // namespace

CASE(heap_snapshot)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());
    HeapProfiler *profiler = own.isolate()->GetHeapProfiler();

    Js(marked);
    {
        Snapshot snapshot(profiler->TakeHeapSnapshot());

        CHECK(snapshot.it != nullptr);
        CHECK(snapshot.it->GetNodesCount() > 1000);
        CHECK_EQ(profiler->GetSnapshotCount(), 1);
        CHECK(profiler->GetHeapSnapshot(0) == snapshot.it);
        CHECK(snapshot.it->GetMaxSnapshotJSObjectId() > 0);
        const HeapGraphNode *node = Find(snapshot.it, "Marked");
        CHECK(node != nullptr);
        CHECK(snapshot.it->GetNodeById(node->GetId()) != nullptr);
    }
    CHECK_EQ(profiler->GetSnapshotCount(), 0);
}

CASE(heap_snapshot_edges)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());
    HeapProfiler *profiler = own.isolate()->GetHeapProfiler();

    Js(marked);
    Local<Value> value = Js("marked");
    Snapshot snapshot(profiler->TakeHeapSnapshot());
    SnapshotObjectId id = profiler->GetObjectId(value);
    CHECK(id != HeapProfiler::kUnknownObjectId);
    CHECK(profiler->FindObjectById(id)->StrictEquals(value));
    const HeapGraphNode *node = snapshot.it->GetNodeById(id);
    CHECK(node != nullptr);
    CHECK(node->GetType() == HeapGraphNode::kObject);
    CHECK_EQ(Text(node->GetName()), "Marked");
    CHECK(node->GetShallowSize() > 0);
    bool found = false;
    for (int i = 0; i < node->GetChildrenCount(); i++) {
        const HeapGraphEdge *edge = node->GetChild(i);

        CHECK(edge->GetFromNode() == node);
        if (edge->GetType() == HeapGraphEdge::kProperty && Text(edge->GetName()) == "inside") {
            found = true;
            CHECK(edge->GetToNode()->GetType() == HeapGraphNode::kString);
            CHECK_EQ(Text(edge->GetToNode()->GetName()), "marked text");
        }
    }
    CHECK(found);
    profiler->ClearObjectIds();
}

CASE(heap_snapshot_serialize)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());
    Gather gather;

    Snapshot snapshot(own.isolate()->GetHeapProfiler()->TakeHeapSnapshot());
    snapshot.it->Serialize(&gather, HeapSnapshot::kJSON);
    CHECK_EQ(gather.ended, 1);
    CHECK(gather.chunks > 100);
    CHECK_EQ(gather.text.substr(0, 12), "{\"snapshot\":");
    CHECK_EQ(gather.text[gather.text.size() - 1], '}');
}

CASE(heap_snapshot_serialize_abort)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());
    Gather gather(3);

    Snapshot snapshot(own.isolate()->GetHeapProfiler()->TakeHeapSnapshot());
    snapshot.it->Serialize(&gather);
    CHECK_EQ(gather.chunks, 3);
    CHECK_EQ(gather.ended, 0);
}

namespace {

class Control : public ActivityControl {
public:
    explicit Control(ControlOption answer) : answer_(answer) {}
    ControlOption ReportProgressValue(uint32_t done, uint32_t total) override
    {
        reports++;
        EXPECT(done <= total + 100000);
        return answer_;
    }

    int reports = 0;

private:
    ControlOption answer_;
};

} // namespace

CASE(heap_snapshot_control)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());
    HeapProfiler *profiler = own.isolate()->GetHeapProfiler();
    Control goes_on(ActivityControl::kContinue), aborts(ActivityControl::kAbort);

    Snapshot whole(profiler->TakeHeapSnapshot(&goes_on));
    CHECK(whole.it != nullptr);
    CHECK(goes_on.reports > 0);
    Snapshot cut(profiler->TakeHeapSnapshot(&aborts));
    CHECK(cut.it == nullptr);
    CHECK(aborts.reports > 0);
}

namespace {

#if BEFORE(14, 6)
class Namer : public HeapProfiler::ObjectNameResolver {
public:
    const char *GetName(Local<Object>) override
    {
        asked++;
        return "named by the plugin";
    }
#else
class Namer : public HeapProfiler::ContextNameResolver {
public:
    const char *GetName(Local<Context>) override
    {
        asked++;
        return "named by the plugin";
    }
#endif
    virtual ~Namer() = default;

    int asked = 0;
};

} // namespace

CASE(heap_snapshot_names)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());
    Namer namer;
    /* Those contexts are named that a global handle keeps. */
    Global<Context> kept(own.isolate(), inside.context());

    Snapshot snapshot(own.isolate()->GetHeapProfiler()->TakeHeapSnapshot(nullptr, &namer));
    CHECK(snapshot.it != nullptr);
    CHECK(namer.asked > 0);
}

#if SINCE(11, 3)
CASE(heap_snapshot_options)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());
    HeapProfiler::HeapSnapshotOptions options;
    Control control(ActivityControl::kContinue);

    Js("globalThis.holder = { number: 12.75 }");
    options.control = &control;
    options.numerics_mode = HeapProfiler::NumericsMode::kExposeNumericValues;
    options.snapshot_mode = HeapProfiler::HeapSnapshotMode::kExposeInternals;
    Snapshot snapshot(own.isolate()->GetHeapProfiler()->TakeHeapSnapshot(options));
    CHECK(snapshot.it != nullptr);
    CHECK(control.reports > 0);
    CHECK(Find(snapshot.it, "12.75") != nullptr);
}
#endif

CASE(heap_object_tracking)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());
    HeapProfiler *profiler = own.isolate()->GetHeapProfiler();
    Gather gather;
    int64_t time = -1;

    profiler->StartTrackingHeapObjects(true);
    Js(marked);
    SnapshotObjectId last = profiler->GetHeapStats(&gather, &time);
    profiler->StopTrackingHeapObjects();
    CHECK(last > 0);
    CHECK(gather.stats > 0);
    CHECK(time >= 0);
}

CASE(heap_snapshots_deleted)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());
    HeapProfiler *profiler = own.isolate()->GetHeapProfiler();

    CHECK(profiler->TakeHeapSnapshot() != nullptr);
    CHECK(profiler->TakeHeapSnapshot() != nullptr);
    CHECK_EQ(profiler->GetSnapshotCount(), 2);
    profiler->DeleteAllHeapSnapshots();
    CHECK_EQ(profiler->GetSnapshotCount(), 0);
}

namespace {

class GraphNode : public EmbedderGraph::Node {
public:
    explicit GraphNode(const char *name) : name_(name) {}
    const char *Name() override { return name_; }
    size_t SizeInBytes() override { return 4321; }
    const char *NamePrefix() override { return "Probe"; }
    bool IsRootNode() override { return false; }
    Detachedness GetDetachedness() override { return Detachedness::kAttached; }

private:
    const char *name_;
};

class RootNode : public GraphNode {
public:
    using GraphNode::GraphNode;
    bool IsRootNode() override { return true; }
    const char *NamePrefix() override { return nullptr; }
};

int graph_calls;
Isolate *graph_isolate;
Global<Value> graph_value;

void BuildGraph(Isolate *isolate, EmbedderGraph *graph, void *data)
{
    graph_calls++;
    graph_isolate = isolate;
    EXPECT_EQ(static_cast<const char *>(data), "graph data");
    EmbedderGraph::Node *root = graph->AddNode(
        std::unique_ptr<EmbedderGraph::Node>(new RootNode("probe roots")));
    EmbedderGraph::Node *node = graph->AddNode(
        std::unique_ptr<EmbedderGraph::Node>(new GraphNode("embedded")));
    EmbedderGraph::Node *of_v8 = graph->V8Node(graph_value.Get(isolate));
    graph->AddEdge(root, node, "to embedded");
    graph->AddEdge(node, of_v8, "to marked");
    EXPECT(!of_v8->IsEmbedderNode());
}

} // namespace

CASE(heap_snapshot_embedder_graph)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());
    HeapProfiler *profiler = own.isolate()->GetHeapProfiler();
    char data[] = "graph data";

    graph_calls = 0;
    Js(marked);
    graph_value.Reset(own.isolate(), Js("marked"));
    profiler->AddBuildEmbedderGraphCallback(BuildGraph, data);
    {
        Snapshot snapshot(profiler->TakeHeapSnapshot());
        const HeapGraphNode *node = Find(snapshot.it, "Probe embedded");

        EXPECT_EQ(graph_calls, 1);
        EXPECT(graph_isolate == own.isolate());
        EXPECT(node != nullptr);
        if (node) {
            EXPECT(node->GetType() == HeapGraphNode::kNative);
            EXPECT_EQ(node->GetShallowSize(), size_t{ 4321 });
            EXPECT_EQ(node->GetChildrenCount(), 1);
            EXPECT_EQ(Text(node->GetChild(0)->GetName()), "to marked");
            EXPECT_EQ(Text(node->GetChild(0)->GetToNode()->GetName()), "Marked");
        }
    }
    profiler->RemoveBuildEmbedderGraphCallback(BuildGraph, data);
    Snapshot without(profiler->TakeHeapSnapshot());
    EXPECT_EQ(graph_calls, 1);
    graph_value.Reset();
}

#if SINCE(11, 3)
namespace {

class Predicate : public QueryObjectPredicate {
public:
    explicit Predicate(Local<Context> context) : context_(context) {}
    bool Filter(Local<Object> object) override
    {
        asked++;
        return object->HasOwnProperty(context_, Str("queryMark")).FromMaybe(false);
    }

    int asked = 0;

private:
    Local<Context> context_;
};

} // namespace

CASE(heap_query_objects)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());
    Predicate predicate(inside.context());
    std::vector<Global<Object>> found;

    Js("globalThis.one = { queryMark: 1 }; globalThis.two = { queryMark: 2 }");
    own.isolate()->GetHeapProfiler()->QueryObjects(inside.context(), &predicate, &found);
    CHECK(predicate.asked >= 2);
    CHECK_EQ(found.size(), size_t{ 2 });
}
#endif
