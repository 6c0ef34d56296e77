import Listener
import Model
import NIOCore
import RateLimiting

/// The data plane's part of one event loop: its copy of the table, its sessions and its connections to servers. It is
/// used on that event loop alone.
final class LoopState {
  let gateway: Gateway
  let eventLoop: any EventLoop
  let pool: UpstreamPool
  private let newestTable: NewestTable
  private let newestShares: CurrentShares
  private var presentChecks: CallChecks
  var sessions = SessionCache()
  var random: FastRandom
  let metrics = LoopMetrics()
  /// The head that is being written for a server.
  let requestBytes = HeadBytes()
  /// The beginning of the answer that is being written for a client.
  private let answerBytes = HeadBytes()
  /// The connection whose answer stands there, if it was not handed over.
  private unowned(unsafe) var answering: DirectCalls?
  private var date = DateField()

  /// - Parameter open: opens connections to servers; `nil` for the usual way.
  init(_ gateway: Gateway, on eventLoop: any EventLoop, open: UpstreamPool.Opener? = nil) {
    self.gateway = gateway
    self.eventLoop = eventLoop
    pool = UpstreamPool(on: eventLoop, gateway.nextPoolLimits(), trust: gateway.configuration.trust, open: open)
    (newestTable, newestShares) = (gateway.table.newest, gateway.shares)
    presentChecks = CallChecks(gateway)
    random = FastRandom()
  }

  /// The place for the head of an answer. What another connection has there is handed over before.
  ///
  /// - Parameter connection: `nil` for one that takes the head out at once.
  func beginAnswer(of connection: DirectCalls?) -> HeadBytes {
    if let other = answering, other !== connection { other.giveUpPlace() }
    answering = connection
    answerBytes.clear()
    return answerBytes
  }

  /// The answer is out of its place, or its connection is gone.
  func endAnswer(of connection: DirectCalls) {
    if answering === connection { answering = nil }
  }

  private static let lookForLag = TimeAmount.milliseconds(500)

  /// Measures from now on how late the event loop comes to its work.
  func watchLag() {
    let (metrics, due) = (metrics, NIODeadline.now() + Self.lookForLag)
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    eventLoop.scheduleTask(deadline: due) {
      metrics.note(lag: UInt64(max(0, (NIODeadline.now() - due).nanoseconds)))
      bound.value.watchLag()
    }
  }

  /// The checks of a call that comes now.
  func checks() -> CallChecks {
    let (table, shares) = (presentChecks.table, presentChecks.sharing.shares)
    if !newestTable.isNewest(table) || !newestShares.areNewest(shares) {
      presentChecks = CallChecks(gateway)
    }
    return presentChecks
  }

  /// The table of the newest call.
  var table: GatewayTable { presentChecks.table }

  /// The time that decides about the windows of limits, in seconds.
  func secondsOfLimits() -> Int { checks().seconds(Self.unixSeconds()) }

  func dateText() -> String { date.text(at: Self.unixSeconds()) }

  static func unixSeconds() -> Int { LimitClock.system() / 1_000_000_000 }
}

/// Numbers for identifiers that need not be secrets (xoshiro256**, public domain by Blackman and Vigna). The system's
/// generator enters the kernel for each.
struct FastRandom: RandomNumberGenerator {
  private var state: (UInt64, UInt64, UInt64, UInt64)

  init() {
    var system = SystemRandomNumberGenerator()
    state = (system.next() | 1, system.next(), system.next(), system.next())
  }

  mutating func next() -> UInt64 {
    let result = Self.rotate(state.1 &* 5, 7) &* 9
    let shifted = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= shifted
    state.3 = Self.rotate(state.3, 45)
    return result
  }

  private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
    value << count | value >> (64 - count)
  }
}
