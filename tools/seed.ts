/** Loaded before the tests: properties run from one seed, so that a failure is the same for everybody. */
import fc from "fast-check";

/** `npm run fuzz` gives others. */
const seed = process.env.TILLWAY_TEST_SEED ?? "20261123";

fc.configureGlobal({ seed: Number.parseInt(seed, 10) });
