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
      failures: [400: ["MEM004"], 409: ["MEM007"], 500: ["MEM006"], 503: ["MEM008"]],
      // The dumper itself says why there is no dump on standby.
      changesState: false, needsWriter: true, using: \.dumps
    ) { call, dumps in
      let report = try await dumps.dump(
        to: call.body?.string("path"), within: .seconds(PreferredWait.seconds(call.headers[values: .prefer])))
      return .response(.object(shape(report)))
    },
    Route(
      .post, "/platform/memory/restore", "Restore a dump, or the state of a moment",
      .permission(.manageSecurity, "SEC004"),
      body: .model(
        BodyModel(
          "RestoreRequest",
          [.string("path", .optional), .string("at", .optional), .string("sequence", .optional)]), isOptional: true),
      failures: [400: ["MEM004", "MEM005", "MEM009"], 404: ["MEM003", "MEM010"], 500: ["MEM006"]], using: \.dumps
    ) { call, dumps in
      .response(.object(shape(try await dumps.restore(target(call.body)))))
    },
  ]

  private static func path(_ name: String) -> BodyModel {
    BodyModel(name, [.string("path", .optional)])
  }

  private static func target(_ body: CheckedBody?) throws(APIError) -> RestoreTarget {
    switch (body?.string("path"), body?.string("at"), body?.string("sequence")) {
    case (nil, nil, nil): return .newest
    case (let path?, nil, nil): return .dump(path: path)
    case (nil, let time?, nil): return .time(time)
    case (nil, nil, let sequence?): return .sequence(sequence)
    default: throw APIError(400, "MEM009", "Name one of path, at and sequence, and not more. Nothing was changed")
    }
  }

  private static func shape(_ report: RestoreReport) -> JSONObject {
    let dump: JSONObject = ["version": .integer(report.version), "created_at": .string(report.createdAt)]
    guard let moment = report.moment else { return dump }
    let facts: JSONObject = [
      "at": .string(moment.time), "sequence": moment.sequence.map { .string($0) } ?? .null,
      "commits": .integer(moment.commits),
    ]
    return dump.merging(facts)
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
