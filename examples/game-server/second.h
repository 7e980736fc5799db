/* SPDX-License-Identifier: MIT */
#ifndef GAME_SECOND_H
#define GAME_SECOND_H

#include <v8-platform.h>

#include <atomic>
#include <thread>

/* An isolate of the game's on a thread of its own, which runs JavaScript until it is stopped. */
class SecondIsolate {
  public:
    void start(v8::Platform *platform);
    void stop(unsigned long *ret_rounds, unsigned long *ret_wrong);

  private:
    void run(v8::Platform *platform);

    std::thread thread_;
    std::atomic<bool> stopping_{false};
    unsigned long rounds_ = 0;
    unsigned long wrong_ = 0;
};

#endif
