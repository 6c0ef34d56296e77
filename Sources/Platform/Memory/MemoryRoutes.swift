import HTTPAPI
import HTTPTypes
import JSON
import Model

/// `/platform/memory`: dumps on demand.
enum MemoryRoutes {
  static let routes: [Route] = [
    Route(
      .post, "/platform/memory/dump", "Write a dump", .permission(.manageSecurity, "SEC003"),
      body: .model(path("DumpRequest"), isOptional: true),
      failures: [400: ["MEM004"], 409: ["MEM007"], 500: ["MEM006"]],
      // The dumper itself says why there is no dump on standby.
      changesState: false, using: \.dumps
    ) { call, dumps in
      let report = try await dumps.dump(to: call.body?.string("path"))
      return .response(.object(shape(report)))
    },
    Route(
      .post, "/platform/memory/restore", "Restore a dump", .permission(.manageSecurity, "SEC004"),
      body: .model(path("RestoreRequest"), isOptional: true),
      failures: [400: ["MEM004", "MEM005"], 404: ["MEM003"], 500: ["MEM006"]], using: \.dumps
    ) { call, dumps in
      let report = try await dumps.restore(from: call.body?.string("path"))
      return .response(["version": .integer(report.version), "created_at": .string(report.createdAt)])
    },
  ]

  private static func path(_ name: String) -> BodyModel {
    BodyModel(name, [.string("path", .optional)])
  }

  private static func shape(_ report: DumpReport) -> JSONObject {
    let facts: JSONObject = [
      "path": .string(report.path),
      "sequence": .integer(report.sequence),
      "documents": .integer(report.documents),
      "bytes": .integer(report.bytes),
      "sha256": .string(report.sha256),
      "collections": .object(JSONObject(report.collections.map { ($0.name, .integer($0.documents)) })),
    ]
    return report.header.merging(facts)
  }
}
