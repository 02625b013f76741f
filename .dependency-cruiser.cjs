/** Imports point one way: model <- ports <- core <- store; backends stand beside the core and never see it. */
function layer(name, from, allowed) {
  return {
    name,
    severity: "error",
    from: { path: `^src/${from}` },
    to: { path: "^src/", pathNot: allowed.map((each) => `^src/${each}`) },
  };
}

module.exports = {
  forbidden: [
    { name: "no-cycle", severity: "error", from: {}, to: { circular: true } },
    layer("model-imports-only-model", "model/", ["model/"]),
    layer("concurrency-imports-only-the-model", "concurrency/", ["model/", "concurrency/"]),
    layer("ports-import-model-and-concurrency", "ports/", ["model/", "concurrency/", "ports/"]),
    layer("core-imports-no-technology", "core/", ["model/", "concurrency/", "ports/", "core/"]),
    layer("config-imports-model-and-ports", "config/", ["model/", "ports/", "config/"]),
    layer("resilience-wraps-ports", "resilience/", ["model/", "concurrency/", "ports/", "resilience/"]),
    layer("telemetry-imports-ports", "telemetry/", ["model/", "concurrency/", "ports/", "telemetry/"]),
    layer("sync-stands-on-core", "sync/", ["model/", "concurrency/", "ports/", "core/", "sync/"]),
    layer("operator-stands-on-core", "operator/", ["model/", "concurrency/", "ports/", "core/", "operator/"]),
    layer("cql-imports-model-and-ports", "backends/cql/", ["model/", "concurrency/", "ports/", "backends/cql/"]),
    layer("qdrant-imports-model-and-ports", "backends/qdrant/", ["model/", "concurrency/", "ports/", "backends/qdrant/"]),
    layer("sqlite-imports-model-and-ports", "backends/sqlite/", ["model/", "concurrency/", "ports/", "backends/sqlite/"]),
    layer("embeddings-import-only-the-model", "embeddings/", ["model/", "concurrency/", "embeddings/"]),
    layer("tools-import-only-the-model", "tools/", ["model/", "concurrency/time-slice\\.ts$", "option-names\\.ts$", "store-operations\\.ts$", "tools/"]),
    layer("mcp-serves-a-view", "mcp/", ["model/", "concurrency/time-slice\\.ts$", "option-names\\.ts$", "call-options\\.ts$", "store-operations\\.ts$", "mcp/"]),
    layer("testing-imports-model-and-ports", "testing/", ["model/", "concurrency/", "ports/", "testing/"]),
    {
      name: "only-the-composition-root-knows-backends",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(backends/|runtime/(server-connections|server-databases|file-database)\\.ts$)" },
      to: { path: "^src/backends/" },
    },
    {
      name: "no-development-dependency-in-the-package",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(testing|embeddings)/" },
      // `cockatiel` becomes part of the build (tsdown.config.ts).
      to: { path: "node_modules", pathNot: "node_modules/cockatiel/", dependencyTypes: ["npm-dev"], dependencyTypesNot: ["npm-peer", "type-only"] },
    },
    { name: "nothing-unresolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "require", "node", "default"] },
  },
};
