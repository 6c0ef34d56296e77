/// The bytes that tasks exchange with each second beside their names, and faster while a transfer is under way: the
/// standby reports, the holder answers, and the standby takes the answer. Messages can be lost, and an answer may be to
/// an older report.
package protocol PeerExchange: Sendable {
  /// The report of a standby to the holder.
  func report() -> [UInt8]

  /// The holder's answer to a report.
  ///
  /// - Parameter sender: the random name of the standby's process.
  func answer(_ report: [UInt8], from sender: String) -> [UInt8]

  /// Takes the holder's answer to a report.
  func take(_ answer: [UInt8])

  /// The number of messages that a transfer under way still needs; 0 when there is none.
  var messagesLeft: Int { get }
}
