import Authentication
import DocumentStore
import HTTPAPI
import JSON
import Logging
import Model
import Platform

/// Services of a platform that writes no dumps.
enum TestPlatform {
  private struct NoDumps: DumpPort {
    func dump(to path: String?, within limit: Duration) async throws(APIError) -> DumpReport {
      throw APIError(500, "MEM006", "no dumps")
    }
    func restore(_ target: RestoreTarget) async throws(APIError) -> RestoreReport {
      throw APIError(500, "MEM006", "no dumps")
    }
    func check(dumpPath: String) async throws(APIError) {}
  }

  struct NoDataPlane: DataPlanePort {
    func part(of limit: Int, window: Int) -> Int { limit }
    func metricsText(clientConnections: Int) async -> String { "calls 0\n" }
    func statusFigures() async -> (pools: JSONValue, breakers: JSONValue) { ([], []) }

    func clearCaches() {}
    func bandwidthUsed(by username: String, limit: UserLimits.Bandwidth, now: Int) -> Int { 0 }
  }

  /// A log that keeps every commit at once.
  struct Log: CommitLog {
    func append(_ commit: Commit) async {}
    func confirm(through sequence: UInt64) async {}
    var obstacle: String? { nil }
  }

  /// - Parameter standbyNow: comes before `standby`, and may change.
  static func services(
    store: DocumentStore, log: any CommitLog = Log(), standby: Standby? = nil,
    standbyNow: @escaping @Sendable () -> Standby? = { nil }, isSealed: Bool = false, isSaved: Bool = false,
    peers: (any WriterPort)? = nil, resources: [Resource] = Resource.all,
    dataPlane: any DataPlanePort = NoDataPlane()
  ) async throws -> PlatformServices {
    let settings = SecuritySettings.Defaults(
      enableAutoSave: false, autoSaveFrequencySeconds: 900, dumpPath: "/d/x.bin", allowLocalhostBypass: true)
    let status = GatewayStatus(availability: { .ready }, standby: { standbyNow() ?? standby }) {
      .init(memoryPercent: 0, connections: 0, seconds: 0)
    }
    let writer = StateWriter(
      store: store, commitLog: log, standby: status.standby, isSealed: { isSealed }, isSaved: { isSaved })
    return PlatformServices(
      configuration: PlatformConfiguration(settings: settings, version: "1"),
      model: CurrentModel(following: store, defaults: settings), writer: writer,
      passwords: Passwords(threads: 1, own: []), tokens: try await Tokens(keys: [TokenKey(secret: "k")]),
      dumps: NoDumps(), status: status, dataPlane: dataPlane,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: { 0 }, peers: peers,
      resources: resources)
  }
}
