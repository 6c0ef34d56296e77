import Clocks

/// The value of the field `Date` (RFC 9110, section 5.6.7), made once a second.
package struct DateField {
  private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  private var made: (seconds: Int, text: String)?

  /// A value that is not made yet.
  package init() {}

  /// `Sun, 06 Nov 1994 08:49:37 GMT`
  ///
  /// - Parameter seconds: Unix seconds, not before 1970.
  package mutating func text(at seconds: Int) -> String {
    if let made, made.seconds == seconds { return made.text }
    // `19941106T084937Z`
    let time = Array(CivilTime(unixSeconds: seconds).compact.utf8)
    let digits = { (range: Range<Int>) in String(decoding: time[range], as: UTF8.self) }
    let month = (time[4..<6].reduce(0) { $0 * 10 + Int($1 & 0xF) } + 11) % 12
    let text =
      "\(Self.weekdays[max(0, seconds) / 86_400 % 7]), \(digits(6..<8)) \(Self.months[month]) \(digits(0..<4)) "
      + "\(digits(9..<11)):\(digits(11..<13)):\(digits(13..<15)) GMT"
    made = (seconds, text)
    return text
  }
}
