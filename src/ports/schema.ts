/** A numbered change of a schema, and whether it was applied. */
export interface SchemaMigration {
  readonly version: number;
  readonly name: string;
  /** Of its text; null where the backend keeps none. */
  readonly checksum: string | null;
  /** `changed`: applied with another text. `newer`: applied by a newer version of the package, and unknown here. */
  readonly state: "applied" | "pending" | "changed" | "newer";
}

/** The schema that is stored, compared with the one that this version of the package needs. */
export interface SchemaStatus {
  /** The keyspace, or the path of the file. */
  readonly place: string;
  /** Whether the keyspace or file exists. */
  readonly exists: boolean;
  /** Version that is stored; 0 where nothing is. */
  readonly stored: number;
  /** Version that this version of the package needs. */
  readonly needed: number;
  readonly migrations: readonly SchemaMigration[];
}

/** Reads the schema without changing it. */
export interface SchemaReader {
  /** Connects, reads and leaves the connection to `stop`. */
  schemaStatus(): Promise<SchemaStatus>;

  /** The statements that create the entire schema, in order, to be applied manually; each is idempotent. */
  schemaStatements(): Promise<readonly string[]>;
}
