/** Loaded before the tests: properties run from one seed, so that a failure is the same for everybody. */
import fc from "fast-check";

fc.configureGlobal({ seed: 20_261_123 });
