/** Finds on whose behalf a call is made. */
import { kindOf, messageOf, ValidationError } from "../model/errors.ts";
import type { Logger } from "../ports/logger.ts";
import { graphUser } from "./graph-user.ts";

/** Names who makes a call, in the call's own asynchronous context; null where nobody is known. */
export type ActorSource = () => string | null | undefined;

/**
 * The source to ask: the application's, by default the graph's user. Where operations may go on without an audit entry,
 * one that throws is told once and names nobody.
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
  throw new ValidationError(`audit.actor must return a text, or null for nobody, but returned ${kindOf(actor)}.`);
}
