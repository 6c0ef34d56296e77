import NIOCore

/// The wait of a connection to a server for the client of its call. The client sends no more of its body, or does not
/// take the answer. A value.
struct ClientWait {
  /// Bytes of a request by which a client is seen to go on. One that sends a few now and then keeps the server waiting
  /// all the same.
  static let leastProgress = 4096
  /// A shorter wait does not count: most bodies come right behind their heads.
  static let shortest = TimeAmount.milliseconds(5)

  /// The place among the connections that wait, which their pool keeps; `nil` while the wait does not count.
  var place: Int?
  /// Since when it counts.
  var start = NIODeadline.distantFuture
  private var hasBegun = false
  private var bytes = 0

  /// The server has nothing to do.
  ///
  /// - Returns: whether that is new.
  mutating func begin() -> Bool {
    guard !hasBegun else { return false }
    (hasBegun, bytes) = (true, 0)
    return true
  }

  /// The server has something to do, or the call is over.
  ///
  /// - Returns: whether that is new.
  mutating func end() -> Bool {
    defer { hasBegun = false }
    return hasBegun
  }

  /// Bytes of the request came.
  ///
  /// - Returns: whether the client goes on with them.
  mutating func note(bytes count: Int) -> Bool {
    bytes += count
    return hasBegun && bytes >= Self.leastProgress
  }
}

/// The connections to one server whose calls wait for their clients, in no order.
struct ClientWaits {
  /// So many times the bound of connections may wait and take no place from other calls.
  static let most = 4
  /// A client may keep a connection waiting for so long while others need it.
  static let patience = TimeAmount.seconds(1)

  private var connections: [UpstreamConnection] = []

  var count: Int { connections.count }

  /// The one that has waited for the longest time.
  var longest: UpstreamConnection? { connections.min { $0.wait.start < $1.wait.start } }

  mutating func insert(_ connection: UpstreamConnection, now: NIODeadline) {
    (connection.wait.start, connection.wait.place) = (now, connections.count)
    connections.append(connection)
  }

  mutating func remove(_ connection: UpstreamConnection) {
    guard let place = connection.wait.place, let last = connections.popLast() else { return }
    connection.wait.place = nil
    guard last !== connection else { return }
    connections[place] = last
    last.wait.place = place
  }
}
