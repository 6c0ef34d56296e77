package import HTTPAPI
package import JSON
package import Model

/// The operations on dumps that the platform API needs. The server implements them.
package protocol DumpPort: Sendable {
  /// Writes a dump and answers when it is safe.
  ///
  /// - Parameters:
  ///   - path: where, within the dump directory; `nil`: the usual place.
  ///   - limit: how long the answer may take. A dump that takes longer goes on.
  func dump(to path: String?, within limit: Duration) async throws(APIError) -> DumpReport

  /// Puts a state of the volume in the place of the present one, and answers when that is safe.
  func restore(_ target: RestoreTarget) async throws(APIError) -> RestoreReport

  /// Refuses a `dump_path` at which the next start would not find the dumps.
  func check(dumpPath: String) async throws(APIError)
}

/// The operations on the data plane that the platform API needs. The server implements them.
package protocol DataPlanePort: Sendable {
  /// Lets the rate and throttle counters of users and the turns of servers begin anew.
  func clearCaches()

  /// The bytes that a user has used in the present window of its limit.
  ///
  /// - Parameter now: Unix seconds.
  func bandwidthUsed(by username: String, limit: UserLimits.Bandwidth, now: Int) -> Int

  /// The part that this task allows of a limit that is counted in windows of its own, as other tasks may allow the
  /// rest.
  ///
  /// - Parameter window: the length of a window in seconds.
  func part(of limit: Int, window: Int) -> Int

  /// The figures of the data plane, in the text format of Prometheus.
  ///
  /// - Parameter clientConnections: connections of clients that are open.
  func metricsText(clientConnections: Int) async -> String

  /// The connections to servers, and the circuit breakers that are not closed.
  func statusFigures() async -> (pools: JSONValue, breakers: JSONValue)
}

/// A dump that was written.
package struct DumpReport: Sendable {
  /// The absolute path.
  package let path: String
  /// The number of the dump within the epoch of the lease, from 1. A dump without a lease has one as well.
  package let sequence: Int
  /// The members of the dump's header, in their one spelling.
  package let header: JSONObject
  /// The number of documents in all collections.
  package let documents: Int
  /// The size of the file.
  package let bytes: Int
  /// The SHA-256 of the file, in hexadecimal.
  package let sha256: String
  /// The collections with their numbers of documents.
  package let collections: [(name: String, documents: Int)]

  /// A report on a dump.
  package init(
    path: String, sequence: Int, header: JSONObject, documents: Int, bytes: Int, sha256: String,
    collections: [(name: String, documents: Int)]
  ) {
    self.path = path
    self.sequence = sequence
    self.header = header
    self.documents = documents
    self.bytes = bytes
    self.sha256 = sha256
    self.collections = collections
  }
}

/// The state that a restore puts in place, as the client names it.
package enum RestoreTarget: Sendable, Equatable {
  /// The newest state that the volume has.
  case newest
  case dump(path: String)
  /// The state behind the last commit up to a time of RFC 3339.
  case time(String)
  /// The state behind a commit of a journal.
  case sequence(String)
}

/// A state that was restored.
package struct RestoreReport: Sendable {
  /// The version of the dump's content.
  package let version: Int
  /// The dump's time in RFC 3339.
  package let createdAt: String
  /// The facts about a state that was asked for by its time or sequence.
  package let moment: Moment?

  /// The moment of a restored state.
  package struct Moment: Sendable, Equatable {
    /// The time of the last commit that the state has, in RFC 3339.
    package let time: String
    /// The position of the state, or `nil` for a dump without a number.
    package let sequence: String?
    /// The number of commits that were made again after the dump.
    package let commits: Int

    /// A moment of these values.
    package init(time: String, sequence: String?, commits: Int) {
      self.time = time
      self.sequence = sequence
      self.commits = commits
    }
  }

  /// A report on a restored state.
  package init(version: Int, createdAt: String, moment: Moment? = nil) {
    self.version = version
    self.createdAt = createdAt
    self.moment = moment
  }
}

/// The state of a gateway that accepts no changes, because another task writes on its volume or may do so.
package struct Standby: Sendable, Equatable {
  /// How far the state is behind that of the task that writes.
  package enum Following: Sendable, Equatable {
    /// The state is as it was at the start, or as this task left it.
    case none
    /// It was current this long ago; `nil`: not yet.
    case behind(Duration?)

    /// The time after which a state that was current no longer counts as current.
    private static let patience = Duration.seconds(10)

    /// Whether the state is too far behind to serve.
    package var isTooOld: Bool {
      switch self {
      case .none: false
      case .behind(let lag): lag.map { $0 > Self.patience } ?? true
      }
    }
  }

  /// A sentence for those who ask.
  package let reason: String
  /// How far the state is behind.
  package let following: Following
  /// Whether another task takes changes, or this one will soon. Otherwise this task is the one that writes, or nobody
  /// can.
  package let isForOthers: Bool
  /// Whether this task has the lease all the same, and refuses changes because of its volume.
  package let hasLease: Bool

  /// A standby for a reason.
  package init(
    reason: String, following: Following = .none, isForOthers: Bool = false, hasLease: Bool = false
  ) {
    (self.reason, self.following) = (reason, following)
    (self.isForOthers, self.hasLease) = (isForOthers, hasLease)
  }

  /// Whether the state is too far behind to serve.
  package var isBehind: Bool { following.isTooOld }
}

/// Whether the gateway takes requests.
package enum Availability: Sendable, Equatable {
  /// The newest dump is still being loaded.
  case starting
  case ready
  /// A signal to stop came; calls in flight finish, new ones are turned away.
  case draining
}
