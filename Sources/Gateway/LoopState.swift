import Glibc
import Listener
import Model
import NIOCore

/// The data plane's part of one event loop: its copy of the table, its sessions and its connections to servers. It is
/// used on that event loop alone.
final class LoopState {
  let gateway: Gateway
  let eventLoop: any EventLoop
  let pool: UpstreamPool
  private(set) var table: GatewayTable
  var sessions = SessionCache()
  var random: FastRandom
  let metrics = LoopMetrics()
  /// The head that is being written.
  let headBytes = HeadBytes()
  private var date = DateField()

  init(_ gateway: Gateway, on eventLoop: any EventLoop) {
    self.gateway = gateway
    self.eventLoop = eventLoop
    pool = UpstreamPool(on: eventLoop, gateway.poolLimits, trust: gateway.configuration.trust)
    table = gateway.table.newestTable()
    random = FastRandom()
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
    gateway.table.refresh(&table)
    return CallChecks(gateway: gateway, table: table, now: Self.unixSeconds())
  }

  func dateText() -> String { date.text(at: Self.unixSeconds()) }

  static func unixSeconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME_COARSE, &time)
    return time.tv_sec
  }
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
