/** Result of one check of a deployment. */
export interface Finding {
  /** What was checked, in a few words. */
  readonly check: string;
  /** `warning`: works, but not as a production deployment should. */
  readonly status: "ok" | "warning" | "problem";
  /** What was found; never a secret. */
  readonly detail: string;
  /** What to do; null when nothing has to be done. */
  readonly fix: string | null;
}

/** A backend that can check its deployment. */
export interface Diagnosable {
  /** Checks what the store depends on. A check that fails is a finding; never rejects for one. Call it after `start`. */
  diagnose(): Promise<Finding[]>;
}

/** A check that passed. */
export function passed(check: string, detail: string): Finding {
  return { check, status: "ok", detail, fix: null };
}
