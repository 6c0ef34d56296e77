package import Authentication
package import DocumentStore
import HTTPAPI
import HashTreeCollections
import JSON
package import Listener
package import Logging
package import Logs
package import Model
package import NIOCore
import RateLimiting
import Synchronization

/// The data plane: checks the calls of clients and forwards them to the servers of APIs.
package final class Gateway: Sendable {
  let configuration: GatewayConfiguration
  let tokens: Tokens
  /// The limits of users, of which other tasks may have a share.
  package let limits: SharedLimits
  let table: CurrentTable
  let accessLog: AccessLog
  let logger: Logger
  let memory: RequestMemory
  /// The name of this process in `Via`.
  let viaName: String
  /// The entry that the gateway adds to `Via` of a request of HTTP/1.1.
  let viaField: String
  /// The same for HTTP/1.0: the entry names the protocol that was received (RFC 9110, section 7.6.3).
  let olderViaField: String
  let retries: RetryRules
  let compression: Compression
  let metrics = CallMetrics()
  /// The state of each event loop.
  private let loops = Mutex<[ObjectIdentifier: BoundLoop]>([:])
  private let loopCount: Int
  /// Event loops that have their part of the limits of connections.
  private let begunLoops = Atomic(0)
  /// Whether the state is loaded.
  let isServing: @Sendable () -> Bool

  /// Follows the store from now on.
  ///
  /// - Parameters:
  ///   - model: follows the same store already.
  ///   - memory: for the bodies of calls, which share it with all other requests.
  ///   - limits: the limits of users, which tasks share.
  ///   - loopCount: event loops that share the limits of connections.
  ///   - isServing: whether the state is loaded; asked for each call.
  package init(
    _ configuration: GatewayConfiguration, store: DocumentStore, model: CurrentModel, tokens: Tokens,
    accessLog: AccessLog, logger: Logger, memory: RequestMemory = RequestMemory(limit: 64 << 20),
    limits: SharedLimits = SharedLimits(), loopCount: Int, isServing: @escaping @Sendable () -> Bool
  ) {
    self.isServing = isServing
    self.configuration = configuration
    self.tokens = tokens
    self.accessLog = accessLog
    self.logger = logger
    self.memory = memory
    self.loopCount = max(1, loopCount)
    self.limits = limits
    viaName = "gatehouse-" + String(UInt32.random(in: .min ... .max), radix: 16)
    compression = configuration.compression
    viaField = "1.1 " + viaName
    olderViaField = "1.0 " + viaName
    retries = RetryRules(
      baseDelay: configuration.retries.baseDelay, maximumDelay: configuration.retries.maximumDelay)
    let breakers = CircuitBreaker.Settings(
      isEnabled: configuration.breakerIsEnabled, threshold: configuration.breakerThreshold,
      pause: UInt64(configuration.breakerPause * 1_000_000_000))
    table = CurrentTable(
      following: store, model, TableCompiler(servers: ServerRegistry(), breakers: breakers, metrics: metrics))
  }

  /// Whether the data plane answers a path.
  package static func takes(_ path: Substring.UTF8View) -> Bool { path.starts(with: CallPath.prefix.utf8) }

  /// Adds the handler of a connection, for requests that come through the decoder.
  package func addHandlers(to pipeline: ChannelPipeline.SynchronousOperations) throws {
    try pipeline.addHandler(ProxyHandler(loop(of: pipeline.eventLoop), isSecure: configuration.isSecure))
  }

  /// The service that takes simple requests from the bytes of a connection.
  package func service(of connection: any DirectConnection) -> any DirectService {
    DirectCalls(loop(of: connection.channel.eventLoop), connection, isSecure: configuration.isSecure)
  }

  /// Sets the limit counters of users and the turns of servers to zero, and the counters of other tasks, too.
  package func clearCaches() {
    limits.clearCalls()
    table.newestTable().parts.forEachRing { $0.restart() }
  }

  /// The bytes that a user has used at this task in the present window of its limit; 0 for a user that made no call.
  package func bandwidthUsed(by username: String, limit: UserLimits.Bandwidth, now: Int) -> Int {
    let shares = shares.shares()
    return users.counters(username)?.bandwidth.used(
      of: limit.bytes, window: limit.window, now: shares.clock.seconds(now), shares) ?? 0
  }

  /// The part that this task allows of a limit of logins or registrations.
  ///
  /// - Parameter window: the length of a window in seconds.
  package func part(of limit: Int, window: Int) -> Int { limits.part(of: limit, window: window) }

  var users: UserPlans { limits.users }

  var shares: CurrentShares { limits.shares }

  /// The limits of the connections of one more event loop.
  func nextPoolLimits() -> UpstreamPool.Limits {
    let limits = UpstreamPool.Limits(
      maximum: configuration.pool.maximum, kept: configuration.pool.kept,
      expiry: .nanoseconds(Int64(configuration.pool.expiry * 1_000_000_000)))
    let index = begunLoops.wrappingAdd(1, ordering: .relaxed).oldValue
    return limits.part(index, of: loopCount)
  }

  /// Whether a value of `Via` names this process.
  func isOwn(via line: String) -> Bool {
    line.parts(betweenBytes: UInt8(ascii: ",")).contains { $0.withoutOuterSpace.endsWithBytes(" " + viaName) }
  }

  /// The largest body of a call in bytes, or `nil` for any.
  func bodyLimit(_ head: RequestHead) -> Int? {
    guard let limit = configuration.maximumBodySize, !configuration.bodyLimitExcludedPaths.isEmpty else {
      return configuration.maximumBodySize
    }
    let target = head.targetText
    let path = target.cut(at: UInt8(ascii: "?"))?.before ?? target
    return configuration.bodyLimitExcludedPaths.contains(path) ? nil : limit
  }

  private func loop(of eventLoop: any EventLoop) -> LoopState {
    if let bound = loops.withLock({ $0[ObjectIdentifier(eventLoop)] }) { return bound.loop.value }
    let loop = LoopState(self, on: eventLoop)
    loop.watchLag()
    let bound = BoundLoop(
      eventLoop: eventLoop, loop: NIOLoopBound(loop, eventLoop: eventLoop), metrics: loop.metrics)
    loops.withLock { $0[ObjectIdentifier(eventLoop)] = bound }
    return loop
  }

  /// The parts of event loops, in no order.
  func boundLoops() -> [BoundLoop] { loops.withLock { Array($0.values) } }
}

/// An event loop with its part of the data plane.
struct BoundLoop: Sendable {
  let eventLoop: any EventLoop
  let loop: NIOLoopBound<LoopState>
  let metrics: LoopMetrics
}
