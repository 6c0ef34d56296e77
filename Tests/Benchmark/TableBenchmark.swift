import ArgumentParser
import Authentication
import DocumentStore
import Foundation
import Gateway
import JSON
import Logging
import Logs
import Model

/// Measures what a change costs while the data plane's table follows the store.
struct TableBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "table")

  @Option var documents = 100_000
  @Option var changes = 2000

  func run() async throws {
    let clock = ContinuousClock()
    let store = DocumentStore(schemas: Collections.schemas)
    let endpoints = max(1, documents)
    var loader = CollectionLoader(schemas: Collections.schemas)
    for number in 0..<Self.apis { try load(Self.api(number), Collections.apis, &loader) }
    for number in 0..<endpoints { try load(Self.endpoint(number), Collections.endpoints, &loader) }
    store.replaceAll(with: loader.finish()) { _, _ in }
    report("endpoints", Double(endpoints), "")
    report("APIs", Double(Self.apis), "")
    try measure("a change of an endpoint, the store alone", in: store, endpoints)
    let settings = SecuritySettings.Defaults(
      enableAutoSave: false, autoSaveFrequencySeconds: 900, dumpPath: "/d/x.bin", allowLocalhostBypass: false)
    let model = CurrentModel(following: store, defaults: settings)
    let tokens = try await Tokens(keys: [TokenKey(secret: "benchmark")])
    var gateway: Gateway?
    let compiling = clock.measure {
      gateway = Gateway(
        GatewayConfiguration(), store: store, model: model, tokens: tokens, accessLog: .none,
        logger: Logger(label: "benchmark"), loopCount: 1,
        isServing: { true })
    }
    report("compile the whole table", compiling.seconds * 1000, "ms")
    try measure("a change of an endpoint, with the table", in: store, endpoints)
    try measure("a change of an API, with the table", in: store, collection: Collections.apis) { number in
      (.fields(["api_name": Self.name(number)]), .set("api_description", .string("change \(number)")))
    }
    withExtendedLifetime(gateway) {}
  }

  private static let apis = 10

  private static func name(_ number: Int) -> String { "api\(number % apis)" }

  private static func api(_ number: Int) -> JSONObject {
    [
      "api_name": .string(name(number)), "api_version": "v1", "api_servers": ["http://127.0.0.1:8080"],
      "api_allowed_groups": ["ALL"],
    ]
  }

  private static func endpoint(_ number: Int) -> JSONObject {
    [
      "api_name": .string(name(number)), "api_version": "v1", "endpoint_method": "GET",
      "endpoint_uri": .string("/things/\(number)/{id}"), "endpoint_id": .string("e\(number)"),
    ]
  }

  private func load(_ fields: JSONObject, _ collection: String, _ loader: inout CollectionLoader) throws {
    try JSONWriter.bytes(fields).withUnsafeBytes { try loader.append($0, to: collection) }
  }

  private func measure(_ name: String, in store: DocumentStore, _ endpoints: Int) throws {
    try measure(name, in: store, collection: Collections.endpoints) { number in
      let id = "e\((number &* 7919) % endpoints)"
      return (.fields(["endpoint_id": id]), .set("endpoint_uri", .string("/moved/\(UUID().uuidString)/{id}")))
    }
  }

  /// Reports the median and the longest time of a commit with one change.
  private func measure(
    _ name: String, in store: DocumentStore, collection: String, _ change: (Int) -> (Filter, UpdateOperation)
  ) throws {
    let clock = ContinuousClock()
    let times = try (0..<changes).map { number in
      let (filter, operation) = change(number)
      return try clock.measure {
        _ = try store.write { (transaction) throws(StoreError) in
          try transaction.update(in: collection, filter, [operation])
        }
      }.seconds * 1e6
    }
    report(name, median(times), "µs")
    report("  the longest of them", times.max() ?? 0, "µs")
  }
}
