import Foundation

/// An event in the gateway's log that the judge needs.
package struct LogEvent: Codable, Sendable, Equatable {
  /// The kind of event.
  package enum Kind: Codable, Sendable, Equatable {
    case starting
    case listening(port: Int)
    case ready
    /// The task holds the lease, and its state is the newest of the volume. From then on it may accept changes.
    case took(epoch: Int)
    case lost(epoch: Int)
    /// - Parameter duration: the seconds since the dump began, which was before its snapshot.
    case dumpWritten(duration: Double, reason: String)
    /// The changes left behind by another task's take-over were saved in a separate dump of this name.
    case kept(String)
    /// A dump in the dump directory was not loaded.
    case passedOver(String)
  }

  /// The kind of event.
  package var kind: Kind
  /// The time at which the line was written.
  package var time: Double

  /// Makes an event.
  package init(_ kind: Kind, at time: Double) {
    self.kind = kind
    self.time = time
  }
}

extension LogEvent {
  /// Reads a line such as `2026-11-24T12:00:00.123Z NOTICE   took the lease lease.epoch=3`.
  ///
  /// - Parameters:
  ///   - origin: the Unix time of the start of the round.
  ///   - skew: the seconds by which the clock of the process was ahead.
  /// - Returns: `nil` for a line that the judge does not need.
  package init?(line: some StringProtocol, origin: Double, skew: Double) {
    guard let space = line.firstIndex(of: " "),
      let date = try? Date(String(line[..<space]), strategy: Self.times)
    else { return nil }
    // The level follows the time.
    let words = line[space...].split(separator: " ", maxSplits: 1)
    guard words.count == 2, let kind = Self.kind(of: String(words[1].drop(while: { $0 == " " }))) else { return nil }
    self.init(kind, at: date.timeIntervalSince1970 - origin - skew)
  }

  private static let times = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

  private static func kind(of text: String) -> Kind? {
    if text.hasPrefix("starting ") { return .starting }
    if text.hasPrefix("listening ") { return number("server.port", text).map { .listening(port: $0) } }
    if text.hasPrefix("ready ") { return .ready }
    if text.hasPrefix("took the lease ") || text.hasPrefix("took over the lease ")
      || text.hasPrefix("a dump that was not written here stands above the dumps of this task")
    {
      return number("lease.epoch", text).map { .took(epoch: $0) }
    }
    if text.hasPrefix("lost the lease") { return .lost(epoch: number("lease.lost.epoch", text) ?? 0) }
    if text.hasPrefix("dump written ") {
      let reason = text.firstMatch(of: /dump\.reason=(\S+)/).map { String($0.output.1) } ?? ""
      return .dumpWritten(duration: Double(number("duration.ms", text) ?? 0) / 1000, reason: reason)
    }
    if text.hasPrefix("acknowledged changes are in no dump of the volume's state; they are kept") {
      let path = text.firstMatch(of: /dump\.path=(\S+)/).map { String($0.output.1) } ?? ""
      return .kept(path.split(separator: "/").last.map(String.init) ?? "")
    }
    if text.hasPrefix("dump passed over") { return .passedOver(text) }
    return nil
  }

  private static func number(_ key: String, _ text: String) -> Int? {
    guard let range = text.range(of: " \(key)=") else { return nil }
    return Int(text[range.upperBound...].prefix { $0.isNumber })
  }
}
