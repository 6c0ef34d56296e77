package import Authentication
import HTTPAPI
import JSON
package import Listener
package import Logging
package import Logs
package import Model
package import NIOCore

/// The services of the platform's routes. A route names the one that its handler needs.
package final class PlatformServices: Sendable {
  /// The settings that the environment decides.
  package let configuration: PlatformConfiguration
  /// The decoded state of the store.
  package let model: CurrentModel
  /// Passwords, tokens, and the limits of logins.
  package let accounts: AccountServices
  /// Changes the store.
  package let writer: StateWriter
  /// Writes and restores dumps.
  package let dumps: any DumpPort
  /// The state of the gateway, for probes and operators.
  package let status: GatewayStatus
  /// The counters of the data plane.
  package let dataPlane: any DataPlanePort
  /// The security settings' rules that the environment decides, and the dumps that they name.
  package let security: SecurityServices
  /// The memory of the heads and bodies of all requests.
  package let requestMemory: RequestMemory
  /// The description of the API, encoded.
  package let description: ByteBuffer
  /// The link to the other tasks of the volume, or `nil` when changes are never handed on.
  let peers: (any WriterPort)?
  let resources: [Resource]
  let logger: Logger
  let accessLog: AccessLog

  /// The services of a store.
  ///
  /// - Parameters:
  ///   - model: follows the store that `writer` changes.
  ///   - clock: returns Unix seconds.
  ///   - environmentAccounts: see `AccountServices`.
  ///   - requestMemory: shared with the data plane; `nil` for memory of its own.
  ///   - peers: the link to the other tasks of the volume.
  ///   - resources: the resources of the API.
  package init(
    configuration: PlatformConfiguration, model: CurrentModel, writer: StateWriter, passwords: Passwords,
    tokens: Tokens, dumps: any DumpPort, status: GatewayStatus, dataPlane: any DataPlanePort, logger: Logger,
    accessLog: AccessLog = .none,
    clock: @escaping @Sendable () -> Double,
    environmentAccounts: @escaping @Sendable (_ limit: Duration) async -> Bool = { _ in true },
    requestMemory: RequestMemory? = nil, peers: (any WriterPort)? = nil, resources: [Resource] = Resource.all
  ) {
    self.configuration = configuration
    self.writer = writer
    self.dumps = dumps
    self.status = status
    self.dataPlane = dataPlane
    self.logger = logger
    self.accessLog = accessLog
    self.peers = peers
    self.resources = resources
    self.model = model
    accounts = AccountServices(
      configuration, passwords: passwords, tokens: tokens, model: model, clock: clock,
      environmentAccounts: environmentAccounts,
      visible: { [peers] in await Self.visible($0, peers, model) }
    ) { [dataPlane] limit, window in dataPlane.part(of: limit, window: window) }
    security = SecurityServices(
      lockedLocalhostBypass: configuration.localhostBypass, defaults: configuration.settings, dumps: dumps)
    self.requestMemory = requestMemory ?? RequestMemory(limit: configuration.maximumRequestMemory)
    description = ByteBuffer(
      bytes: JSONWriter.bytes(Self.document(of: resources, version: configuration.version).json))
  }

  /// Waits for a short while until no change of a state can be lost any more.
  ///
  /// - Returns: the state, or the newest one before it that nothing takes back.
  func visible(_ state: ModelVersion) async -> ModelVersion { await Self.visible(state, peers, model) }

  private static func visible(
    _ state: ModelVersion, _ peers: (any WriterPort)?, _ model: CurrentModel
  ) async -> ModelVersion {
    guard let peers else { return state }
    guard let older = await peers.waitToShow(state.sequence) else {
      model.forgetOlder()
      return state
    }
    if let kept = model.kept(older) { return kept }
    // Calls to APIs would wait for the decoding.
    return await withTaskExecutorPreference(globalConcurrentExecutor) { model.version(of: older) }
  }

  /// The security settings at this moment.
  package var settings: SecuritySettings { model.version().settings }

  static func document(of resources: [Resource], version: String) -> OpenAPIDocument<PlatformAPI> {
    OpenAPIDocument(
      title: "Gatehouse platform API", version: version, routes: resources.flatMap(\.routes),
      general: PlatformAPI.generalFailures, preflight: CrossOriginPolicy.failures, cookie: CookieJar.accessToken)
  }
}
