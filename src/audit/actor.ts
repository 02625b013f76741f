/** Determines the actor of a call. */
import { kindOf, messageOf, ValidationError } from "../model/errors.ts";
import type { Logger } from "../ports/logger.ts";
import { graphUser } from "./graph-user.ts";

/** Returns the actor of a call, in the asynchronous context of the call; null when unknown. */
export type ActorSource = () => string | null | undefined;

/**
 * Returns the source of the actor: the application's, by default the user of the graph. Under the policy `continue`, a source
 * that throws is logged once and returns null.
 */
export function actorSource(given: ActorSource | undefined, policy: "block" | "continue", logger: Logger): () => string | null {
  if (given === undefined) return graphUser;
  let hasWarned = false;
  return () => {
    try {
      return checked(given());
    } catch (error) {
      if (policy === "block") throw error;
      if (!hasWarned) logger.warn({ cause: messageOf(error) }, "audit.actor threw: entries name no actor");
      hasWarned = true;
      return null;
    }
  };
}

function checked(actor: unknown): string | null {
  if (actor === undefined || actor === null || actor === "") return null;
  if (typeof actor === "string") return actor;
  throw new ValidationError(`audit.actor must return a text, or null for no actor, but returned ${kindOf(actor)}.`);
}
