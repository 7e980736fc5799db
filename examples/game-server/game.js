// SPDX-License-Identifier: MIT
//
// The game's own scripts. Everything here is deterministic: after the same number of ticks the
// checksum is the same, whatever plugins do meanwhile.
'use strict';

const ENTITIES = 1600;
const WORLD = 2048;
const CELL = 64;

let seed = 20250501;

function random(limit) {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed % limit;
}

class Entity {
  constructor(id) {
    this.id = id;
    this.name = `entity-${id}`;
    this.x = random(WORLD);
    this.y = random(WORLD);
    this.dx = random(9) - 4;
    this.dy = random(9) - 4;
    this.health = 100;
    this.inventory = new Map([['ammo', 30], ['kit', random(3)]]);
  }

  move() {
    this.x += this.dx;
    this.y += this.dy;
    if (this.x < 0 || this.x >= WORLD) this.dx = -this.dx;
    if (this.y < 0 || this.y >= WORLD) this.dy = -this.dy;
  }

  cell() {
    return `${Math.floor(this.x / CELL)}:${Math.floor(this.y / CELL)}`;
  }

  meet(other) {
    const ammo = this.inventory.get('ammo');
    if (ammo > 0) {
      this.inventory.set('ammo', ammo - 1);
      other.health -= (this.id ^ other.id) & 3;
    } else {
      this.inventory.set('ammo', 30);
    }
    if (other.health <= 0) {
      other.health = 100;
      other.dx = random(9) - 4;
      other.dy = random(9) - 4;
    }
  }
}

const entities = Array.from({ length: ENTITIES }, (_, id) => new Entity(id));
let checksum = 0;

function mix(value) {
  checksum = (Math.imul(checksum ^ value, 0x01000193) + 0x9e3779b9) >>> 0;
}

// Who stands where: fresh objects each tick, so that the collector has its share of the work.
function grid() {
  const cells = new Map();
  for (const entity of entities) {
    const key = entity.cell();
    const cell = cells.get(key);
    if (cell) cell.push(entity);
    else cells.set(key, [entity]);
  }
  return cells;
}

function update() {
  for (const entity of entities) entity.move();
  for (const [key, cell] of grid()) {
    cell.sort((a, b) => a.health - b.health || a.id - b.id);
    for (let i = 1; i < cell.length; i++) cell[i - 1].meet(cell[i]);
    mix(key.length + cell.length);
  }
  for (const entity of entities) mix(entity.x * 31 + entity.y * 17 + entity.health);
}

// WebAssembly is compiled by the platform's worker threads and delivered by its message loop: both
// have to go on working while plugins use the same engine.
const wasmBytes = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0, 7, 7, 1, 3, 97, 100,
  100, 0, 0, 10, 9, 1, 7, 0, 32, 0, 32, 1, 106, 11,
]);
let modulesAskedFor = 0;
let modulesCompiled = 0;

async function compileModule(number) {
  modulesAskedFor++;
  const { instance } = await WebAssembly.instantiate(wasmBytes);
  if (instance.exports.add(number, 1) === number + 1) modulesCompiled++;
}

function tick(number) {
  update();
  if (number % 32 === 1) compileModule(number);
}

// For plugins.

function describe(id) {
  const { name, health, inventory } = entities[id];
  return { name, health, inventory: Object.fromEntries(inventory) };
}

function add(a, b) {
  return a + b;
}

function refuse(reason) {
  throw new TypeError(reason);
}

// Calls a function that a plugin has registered, by name, as the scripts of a game do.
function ask(name, ...values) {
  return globalThis[name](...values);
}
