package import HTTPAPI
package import JSON
package import Model

/// The operations on dumps that the platform API needs. The server implements them.
package protocol DumpPort: Sendable {
  /// Writes a dump and answers when it is safe.
  ///
  /// - Parameter path: where, within the dump directory; `nil`: the usual place.
  func dump(to path: String?) async throws(APIError) -> DumpReport

  /// Puts a dump's contents in the place of the present ones.
  ///
  /// - Parameter path: of the dump; `nil`: the newest good one.
  func restore(from path: String?) async throws(APIError) -> RestoreReport

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

  /// The figures of the data plane, in the text format of Prometheus.
  func metricsText() async -> String

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

/// A dump that was restored.
package struct RestoreReport: Sendable {
  /// The version of the dump's content.
  package let version: Int
  /// RFC 3339.
  package let createdAt: String

  /// A report on a restored dump.
  package init(version: Int, createdAt: String) {
    self.version = version
    self.createdAt = createdAt
  }
}

/// The state of a gateway that accepts no changes, because another task writes on its volume or may do so.
package struct Standby: Sendable, Equatable {
  /// A sentence for those who ask.
  package let reason: String

  /// A standby for a reason.
  package init(reason: String) {
    self.reason = reason
  }
}

/// Whether the gateway takes requests.
package enum Availability: Sendable, Equatable {
  /// The newest dump is still being loaded.
  case starting
  case ready
  /// A signal to stop came; calls in flight finish, new ones are turned away.
  case draining
}
