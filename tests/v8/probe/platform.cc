/* SPDX-License-Identifier: MIT */
/* Node's platform, which a plugin calls through its vtable, and tasks that it calls back. */
#include "own.h"

#include <v8-platform.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

using namespace probe;

namespace {

int tasks_run, tasks_gone;

class Counted : public Task {
public:
    ~Counted() override { tasks_gone++; }
    void Run() override { tasks_run++; }
};

class CountedIdle : public IdleTask {
public:
    ~CountedIdle() override { tasks_gone++; }
    void Run(double) override { tasks_run++; }
};

} // namespace

CASE(platform_foreground_task)
{
    OwnIsolate own(PlatformOf(context));
    std::shared_ptr<TaskRunner> runner =
        PlatformOf(context)->GetForegroundTaskRunner(own.isolate());

    CHECK(runner != nullptr);
    tasks_run = tasks_gone = 0;
    runner->PostTask(std::make_unique<Counted>());
    own.Drain();
    CHECK_EQ(tasks_run, 1);
    CHECK_EQ(tasks_gone, 1);
}

CASE(platform_foreground_main)
{
    static bool posted;
    std::shared_ptr<TaskRunner> runner = PlatformOf(context)->GetForegroundTaskRunner(isolate);

    if (!posted) {
        posted = true;
        tasks_run = tasks_gone = 0;
        runner->PostTask(std::make_unique<Counted>());
    }
    if (tasks_gone == 0) {
        Again();
        return;
    }
    posted = false;
    CHECK_EQ(tasks_run, 1);
}

CASE(platform_non_nestable_task)
{
    OwnIsolate own(PlatformOf(context));
    std::shared_ptr<TaskRunner> runner =
        PlatformOf(context)->GetForegroundTaskRunner(own.isolate());

    CHECK(runner->NonNestableTasksEnabled());
    tasks_run = tasks_gone = 0;
    runner->PostNonNestableTask(std::make_unique<Counted>());
    own.Drain();
    CHECK_EQ(tasks_run, 1);
    CHECK_EQ(tasks_gone, 1);
}

CASE(platform_delayed_task)
{
    static bool posted;
    std::shared_ptr<TaskRunner> runner = PlatformOf(context)->GetForegroundTaskRunner(isolate);

    if (!posted) {
        posted = true;
        tasks_run = tasks_gone = 0;
        runner->PostDelayedTask(std::make_unique<Counted>(), 0.001);
    }
    if (tasks_gone == 0) {
        uv_sleep(1);
        Again();
        return;
    }
    posted = false;
    CHECK_EQ(tasks_run, 1);
}

CASE(platform_idle_tasks)
{
    CHECK(!PlatformOf(context)->GetForegroundTaskRunner(isolate)->IdleTasksEnabled());
    CHECK(!PlatformOf(context)->IdleTasksEnabled(isolate));
}

CASE(platform_flush)
{
    OwnIsolate own(PlatformOf(context));
    node::MultiIsolatePlatform *platform = PlatformOf(context);

    own.Drain();
    CHECK(!platform->FlushForegroundTasks(own.isolate()));
    tasks_run = tasks_gone = 0;
    platform->GetForegroundTaskRunner(own.isolate())->PostTask(std::make_unique<Counted>());
    CHECK(platform->FlushForegroundTasks(own.isolate()));
    CHECK_EQ(tasks_run, 1);
}

namespace {

std::mutex worker_mutex;
std::condition_variable worker_condition;
int worker_runs;

class OnWorker : public Task {
public:
    void Run() override
    {
        std::lock_guard<std::mutex> lock(worker_mutex);

        worker_runs++;
        worker_condition.notify_all();
    }
};

void AwaitWorkers(int count)
{
    std::unique_lock<std::mutex> lock(worker_mutex);

    worker_condition.wait(lock, [count] { return worker_runs >= count; });
}

} // namespace

CASE(platform_worker_task)
{
    worker_runs = 0;
    PlatformOf(context)->CallOnWorkerThread(std::make_unique<OnWorker>());
    AwaitWorkers(1);
    PlatformOf(context)->CallBlockingTaskOnWorkerThread(std::make_unique<OnWorker>());
    PlatformOf(context)->CallLowPriorityTaskOnWorkerThread(std::make_unique<OnWorker>());
    AwaitWorkers(3);
    CHECK_EQ(worker_runs, 3);
}

CASE(platform_worker_delayed)
{
    worker_runs = 0;
    PlatformOf(context)->CallDelayedOnWorkerThread(std::make_unique<OnWorker>(), 0.001);
    AwaitWorkers(1);
    CHECK_EQ(worker_runs, 1);
}

CASE(platform_clocks)
{
    v8::Platform *platform = PlatformOf(context);
    double first = platform->MonotonicallyIncreasingTime();
    double second = platform->MonotonicallyIncreasingTime();

    CHECK(first > 0);
    CHECK(second >= first);
    CHECK(platform->CurrentClockTimeMillis() > 1.6e12);
    CHECK(platform->CurrentClockTimeMillis() < 1e13);
    CHECK(platform->NumberOfWorkerThreads() > 0);
    CHECK(platform->NumberOfWorkerThreads() < 1000);
}

CASE(platform_objects)
{
    v8::Platform *platform = PlatformOf(context);

    CHECK(platform->GetTracingController() != nullptr);
    Platform::StackTracePrinter printer = platform->GetStackTracePrinter();
    CHECK(printer != nullptr);
}

namespace {

class CountedJob : public JobTask {
public:
    explicit CountedJob(std::atomic<int> *left) : left_(left) {}
    void Run(JobDelegate *delegate) override
    {
        EXPECT(delegate->GetTaskId() < 64);
        while (!delegate->ShouldYield()) {
            int left = left_->load();

            if (left == 0)
                return;
            if (left_->compare_exchange_strong(left, left - 1) && left == 1)
                return;
        }
    }
    size_t GetMaxConcurrency(size_t) const override
    {
        return static_cast<size_t>(left_->load() > 2 ? 2 : left_->load());
    }

private:
    std::atomic<int> *left_;
};

} // namespace

CASE(platform_job)
{
    std::atomic<int> left{ 1000 };
    std::unique_ptr<JobHandle> job = PlatformOf(context)->PostJob(
        TaskPriority::kUserVisible, std::make_unique<CountedJob>(&left));

    CHECK(job != nullptr);
    CHECK(job->IsValid());
    job->Join();
    CHECK(!job->IsValid());
    CHECK_EQ(left.load(), 0);
}

CASE(platform_job_cancel)
{
    std::atomic<int> left{ 1000000000 };
    std::unique_ptr<JobHandle> job = PlatformOf(context)->PostJob(
        TaskPriority::kBestEffort, std::make_unique<CountedJob>(&left));

    CHECK(job->IsActive());
    job->NotifyConcurrencyIncrease();
    job->Cancel();
    CHECK(!job->IsValid());
    CHECK(left.load() > 0);
}

namespace {

int isolates_finished;

} // namespace

CASE(platform_isolate_finished)
{
    isolates_finished = 0;
    {
        OwnIsolate own(PlatformOf(context));

        PlatformOf(context)->AddIsolateFinishedCallback(
            own.isolate(), [](void *data) { ++*static_cast<int *>(data); }, &isolates_finished);
    }
    CHECK_EQ(isolates_finished, 1);
}
