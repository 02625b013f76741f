require("./body.cjs")(require("langgraph-store-scylladb"), jest);
