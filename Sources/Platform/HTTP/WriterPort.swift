package import DocumentStore
package import HTTPAPI
package import HTTPTypes
package import Model

/// A request that a task on standby hands to the task that writes.
package struct ForwardedRequest: Sendable {
  /// Method, path and query, and the fields that are not of the connection.
  package let head: HTTPRequest
  /// The body.
  package let body: [UInt8]
  /// The other end of the client's connection.
  package let client: NetworkAddress?

  /// A request of these parts.
  package init(head: HTTPRequest, body: [UInt8], client: NetworkAddress?) {
    (self.head, self.body, self.client) = (head, body, client)
  }
}

/// The answer of the task that writes.
package struct ForwardedAnswer: Sendable {
  /// The HTTP status.
  package let status: Int
  /// The fields that are not of the connection.
  package let fields: HTTPFields
  /// The body.
  package let body: [UInt8]

  /// An answer of these parts.
  package init(status: Int, fields: HTTPFields, body: [UInt8]) {
    (self.status, self.fields, self.body) = (status, fields, body)
  }
}

/// The outcome of a request that was handed on.
package enum ForwardOutcome: Sendable {
  /// The task that writes answered, and this task has its changes.
  case answered(ForwardedAnswer)
  /// Nothing was done.
  ///
  /// - Parameter isPassing: whether another attempt can succeed soon.
  case notMade(reason: String, isPassing: Bool)
  /// The request may have been made, or was made and can't be read here yet.
  case unknown(APIError)
}

/// The outcome of a request that another task handed on.
package enum ServedOutcome: Sendable {
  /// It was answered.
  case answered(ForwardedAnswer)
  /// Nothing was done, as this task is not the one that writes.
  case notMade(reason: String)
}

/// The link to the other tasks of the volume. The server implements it.
package protocol WriterPort: Sendable {
  /// The time that a change waits for a task that takes it.
  var patience: Duration { get }

  /// The figures of the link, in the text format of Prometheus.
  var metricsText: String { get }

  /// Takes a place among the changes that wait for another task.
  ///
  /// - Returns: `false` when all places are taken. Otherwise `endWaiting` must follow.
  func beginWaiting() -> Bool
  /// Gives the place back.
  func endWaiting()

  /// Hands a request to the task that writes.
  func forward(_ request: ForwardedRequest) async -> ForwardOutcome

  /// Waits until this task has every change that any task had shown to a client before the call. It waits for a short
  /// while only: when the task that writes can't be asked, what is here has to do.
  func readNewest() async

  /// Waits for a short while until no change of a state of this task can be lost any more.
  ///
  /// - Parameter sequence: the number of the state's newest commit.
  /// - Returns: `nil` when clients may see the state. When the volume does not answer, the newest state that they may
  ///   see in its place. It has every acknowledged change.
  func waitToShow(_ sequence: UInt64) async -> Snapshot?

  /// Waits for the same, as long as a change does.
  ///
  /// - Returns: whether clients may see the state.
  func waitLongToShow(_ sequence: UInt64) async -> Bool

  /// Whether the beginning of a message is that of one for this task.
  func expects(_ beginning: [UInt8]) -> Bool

  /// Answers a message of another task.
  ///
  /// - Parameter run: answers a request that was handed on.
  /// - Throws: 403 `GTW506` when the message is refused.
  func serve(
    _ message: [UInt8], _ run: @Sendable (ForwardedRequest) async -> ServedOutcome
  ) async throws(APIError) -> [UInt8]
}
