/** Disables hints in the process of a test: results must be the same, only slower. */
import { Hints } from "../../src/concurrency/hints.ts";

Hints.enabled = false;
