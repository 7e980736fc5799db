// SPDX-License-Identifier: MIT
// Classes, polymorphic calls and linked lists: a round-robin scheduler of small tasks.
'use strict';

class Packet {
  constructor(kind, value) {
    this.next = null;
    this.kind = kind;
    this.value = value;
  }
}

class Task {
  constructor(id, priority) {
    this.id = id;
    this.priority = priority;
    this.first = null;
    this.last = null;
    this.done = 0;
  }

  put(packet) {
    packet.next = null;
    if (this.first === null) this.first = packet;
    else this.last.next = packet;
    this.last = packet;
  }

  take() {
    const packet = this.first;
    if (packet !== null) this.first = packet.next;
    return packet;
  }
}

class Source extends Task {
  constructor(id, limit) {
    super(id, 1);
    this.limit = limit;
    this.state = 1;
  }

  step(scheduler) {
    if (this.done >= this.limit) return false;
    this.done++;
    this.state = (this.state * 1103515245 + 12345) & 0x7fffffff;
    scheduler.send(1 + (this.state >> 8) % 3, new Packet(this.state & 3, this.state & 0xff));
    return true;
  }
}

class Adder extends Task {
  constructor(id) {
    super(id, 2);
    this.sum = 0;
  }

  step() {
    const packet = this.take();
    if (packet === null) return false;
    this.sum = (this.sum + packet.value * (packet.kind + 1)) % 1000003;
    this.done++;
    return true;
  }
}

class Relay extends Adder {
  step(scheduler) {
    const packet = this.take();
    if (packet === null) return false;
    this.done++;
    packet.value = (packet.value + 1) & 0xff;
    scheduler.send(1, packet);
    return true;
  }
}

class Keeper extends Adder {
  constructor(id) {
    super(id);
    this.counts = new Map();
  }

  step() {
    const packet = this.take();
    if (packet === null) return false;
    this.done++;
    this.counts.set(packet.value, (this.counts.get(packet.value) || 0) + packet.kind);
    return true;
  }
}

class Scheduler {
  constructor(limit) {
    this.tasks = [new Source(0, limit), new Adder(1), new Relay(2), new Keeper(3)];
  }

  send(id, packet) {
    this.tasks[id].put(packet);
  }

  run() {
    let busy = true;
    while (busy) {
      busy = false;
      for (const task of this.tasks) busy = task.step(this) || busy;
    }
    const kept = [...this.tasks[3].counts.values()].reduce((a, b) => a + b, 0);
    return `${this.tasks.map((task) => task.done)} ${this.tasks[1].sum} ${kept}`;
  }
}

exports.unit = () => {
  let result;
  for (let i = 0; i < 4; i++) result = new Scheduler(150000).run();
  return result;
};
