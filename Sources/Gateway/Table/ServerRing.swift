import JSON
import Model
import Synchronization

/// The servers of an API, an endpoint or a routing, which take turns over all event loops.
final class ServerRing: Sendable {
  /// The texts that the ring was made from.
  let urls: [String]
  /// The servers whose URLs can be read.
  let servers: [UpstreamServer]
  /// The place of the server that gets the first call.
  let first: Int
  /// By which the registry keeps the servers.
  private let places: [RegisteredServer]
  private let turns = Atomic(0)

  /// - Parameter first: the place of the server that gets the first call.
  init(_ urls: [String], first: Int = 0, places: [RegisteredServer]) {
    self.urls = urls
    self.places = places
    servers = places.map(\.server)
    self.first = first
  }

  /// The server whose turn it is, or the next one that is not ejected. When all are ejected, the one whose turn it is.
  ///
  /// - Parameter now: nanoseconds of the steady clock.
  func next(now: UInt64) -> UpstreamServer? {
    guard servers.count > 1 else { return servers.first }
    let turn = turns.wrappingAdd(1, ordering: .relaxed).oldValue &+ first
    let start = Int(UInt(bitPattern: turn) % UInt(servers.count))
    for offset in 0..<servers.count {
      let server = servers[(start + offset) % servers.count]
      if server.health.isUsable(now: now) { return server }
    }
    return servers[start]
  }

  /// Whether the ring was made from the same texts.
  func has(_ urls: [String]) -> Bool { self.urls.elementsEqual(urls) { $0.hasSameBytes(as: $1) } }

  /// Begins again with the first server.
  func restart() { turns.store(0, ordering: .relaxed) }
}

/// A server with what is known of it, shared by all rings that name it.
final class UpstreamServer: Sendable {
  let address: ServerAddress
  let origin: UpstreamOrigin
  /// The number of `origin`.
  let originNumber: Int
  let health = ServerHealth()

  init(_ address: ServerAddress, _ origin: UpstreamOrigin) {
    self.address = address
    self.origin = origin
    originNumber = origin.number
  }
}

/// The other end of connections to servers, shared by all servers that have it. It ends with the last of them.
final class UpstreamOrigin: Sendable {
  let address: ServerAddress.Origin
  /// By which an event loop finds its connections. No other origin ever gets it.
  let number: Int

  init(_ address: ServerAddress.Origin, number: Int) {
    self.address = address
    self.number = number
  }
}

/// Whether a server is left out for a while, because connections to it failed several times in a row.
final class ServerHealth: Sendable {
  /// Failures in a row after which a server is ejected.
  static let threshold = 3
  /// The time that a server is left out, in nanoseconds.
  static let ejection: UInt64 = 10_000_000_000

  /// Between two reports of one server, in nanoseconds.
  static let pauseOfReports: UInt64 = 10_000_000_000

  private let failures = Atomic(0)
  private let ejectedUntil = Atomic<UInt64>(0)
  private let reportedAt = Atomic<UInt64>(0)

  /// Whether a failure is to be logged: the first one, and then one in a while.
  func mayReport(now: UInt64) -> Bool {
    let last = reportedAt.load(ordering: .relaxed)
    guard last == 0 || now >= last + Self.pauseOfReports else { return false }
    return reportedAt.compareExchange(expected: last, desired: max(1, now), ordering: .relaxed).exchanged
  }

  func isUsable(now: UInt64) -> Bool {
    let end = ejectedUntil.load(ordering: .relaxed)
    return end == 0 || now >= end
  }

  func noteSuccess() {
    guard failures.load(ordering: .relaxed) != 0 else { return }
    failures.store(0, ordering: .relaxed)
    ejectedUntil.store(0, ordering: .relaxed)
  }

  func noteFailure(now: UInt64) {
    if failures.wrappingAdd(1, ordering: .relaxed).newValue >= Self.threshold {
      ejectedUntil.store(now + Self.ejection, ordering: .relaxed)
    }
  }
}
