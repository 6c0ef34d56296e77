import HTTPTypes
import JSON
import Model
import Resources

/// `/platform/memory`: dumps on demand.
enum MemoryRoutes {
  static let routes: [Route] = [
    Route(
      .post, "/platform/memory/dump", "Write a dump", .permission(.manageSecurity, "SEC003"),
      body: .model(path("DumpRequest"), isOptional: true),
      failures: [400: ["MEM004"], 403: ["SEC003"], 409: ["MEM007"], 500: ["MEM006"]],
      // It says itself why there is no dump on standby.
      changesState: false
    ) { call, platform in
      let report = try await platform.dumps.dump(to: call.body?.string("path"))
      return .response(.object(shape(report)))
    },
    Route(
      .post, "/platform/memory/restore", "Restore a dump", .permission(.manageSecurity, "SEC004"),
      body: .model(path("RestoreRequest"), isOptional: true),
      failures: [400: ["MEM004", "MEM005"], 403: ["SEC004"], 404: ["MEM003"]]
    ) { call, platform in
      let report = try await platform.dumps.restore(from: call.body?.string("path"))
      return .response(["version": .integer(report.version), "created_at": .string(report.createdAt)])
    },
  ]

  private static func path(_ name: String) -> BodyModel {
    BodyModel(name, [.string("path", .optional)])
  }

  private static func shape(_ report: DumpReport) -> JSONObject {
    [
      "path": .string(report.path),
      "sequence": .integer(report.sequence),
      "documents": .integer(report.documents),
      "bytes": .integer(report.bytes),
      "sha256": .string(report.sha256),
      "created_at": .string(report.createdAt),
      "format": .string(report.format),
      "collections": .object(JSONObject(report.collections.map { ($0.name, .integer($0.documents)) })),
    ]
  }
}
