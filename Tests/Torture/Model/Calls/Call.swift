/// One call of a client about one key, with its beginning and its end.
package struct Call: Codable, Sendable, Equatable {
  /// The request.
  package enum Kind: String, Codable, Sendable {
    /// Makes the key with a value. It fails when the key is there.
    case create
    /// Changes the value. It fails when the key is not there.
    case update
    /// Removes the key. It fails when the key is not there.
    case delete
    case read
  }

  /// The answer.
  package enum Outcome: Codable, Sendable, Equatable {
    /// The change was made.
    case done
    /// A read found this value, or `nil` for no key.
    case found(String?)
    /// The change was not made, because the key is there already.
    case exists
    /// The change was not made, because the key is not there.
    case missing
    /// There is no answer, or one that leaves open whether the change was made. It may be made later, too.
    case unknown
  }

  /// The key.
  package var key: String
  /// The connection. A client that connects anew is another one.
  package var connection: Int
  /// The request.
  package var kind: Kind
  /// The value of a change. Each change of a key has another one.
  package var value: String?
  /// The time before the first byte was sent, in seconds of a steady clock that all clients share.
  package var begun: Double
  /// The time after the last byte of the answer came, or `nil` without one.
  package var ended: Double?
  /// The answer.
  package var outcome: Outcome
  /// Whether a read must have the newest state. Others may be older, but not older than what their connection saw.
  package var isStrict: Bool
  /// Whether the task said that it made no change, for another reason than the state. Such a call is left out.
  package var isRefused = false

  /// Records a call.
  package init(
    _ key: String, _ connection: Int, _ kind: Kind, _ value: String? = nil, from begun: Double, to ended: Double?,
    _ outcome: Outcome, isStrict: Bool = false
  ) {
    (self.key, self.connection, self.kind, self.value) = (key, connection, kind, value)
    (self.begun, self.ended, self.outcome, self.isStrict) = (begun, ended, outcome, isStrict)
  }

  /// Whether the call changes the state, or may have done so.
  var mayChange: Bool { kind != .read && (outcome == .done || outcome == .unknown) }

  /// A line for people.
  package var line: String {
    let value = value.map { " \($0)" } ?? ""
    let end = ended.map { Self.digits($0) } ?? "no end"
    return "\(Self.digits(begun)) to \(end): connection \(connection) \(kind.rawValue) '\(key)'\(value): \(words)"
  }

  private var words: String {
    switch outcome {
    case .done: "done"
    case .found(let value): value.map { "found \($0)" } ?? "not there"
    case .exists: "refused, as it is there"
    case .missing: "refused, as it is not there"
    case .unknown: "unknown"
    }
  }

  private static func digits(_ time: Double) -> String { "\(Double(Int(time * 100_000)) / 100_000)" }
}
