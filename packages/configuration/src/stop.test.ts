import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { askedToStop } from "./index.ts";

class Stdin extends EventEmitter {
  flowing = false;
  resume(): void {
    this.flowing = true;
  }
}

class Own extends EventEmitter {
  readonly stdin = new Stdin();
}

async function isAsked(asked: Promise<void>): Promise<boolean> {
  return Promise.race([
    asked.then(() => true),
    new Promise<false>((no) => setImmediate(no, false)),
  ]);
}

for (const signal of ["SIGTERM", "SIGINT"]) {
  test(`${signal} asks to stop, and again changes nothing`, async () => {
    const own = new Own();
    const asked = askedToStop(own, []);
    assert.equal(await isAsked(asked), false);
    own.emit(signal);
    own.emit(signal);
    assert.equal(await isAsked(asked), true);
  });
}

for (const event of ["end", "close", "error"]) {
  test(`with its parent, a process stops at ${event} of its standard input`, async () => {
    const own = new Own();
    const asked = askedToStop(own, ["--with-parent"]);
    assert.equal(own.stdin.flowing, true);
    assert.equal(await isAsked(asked), false);
    own.stdin.emit(event);
    assert.equal(await isAsked(asked), true);
  });
}

test("without the flag standard input is left alone", async () => {
  const own = new Own();
  const asked = askedToStop(own, []);
  own.stdin.emit("end");
  assert.equal(own.stdin.flowing, false);
  assert.equal(await isAsked(asked), false);
});
