/// Times and sizes as operators write them.
package enum Quantities {
  /// `90s`, `30m`, `36h`, `14d`, `2w`; a bare number is seconds.
  ///
  /// - Returns: seconds; `nil` for anything else, and for what no one waits for (more than 1000 years).
  package static func seconds(_ text: String) -> Int? {
    number(text, units: ["": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800], maximum: 31_557_600_000)
  }

  /// Writes seconds in the largest unit that divides them: 86,400 as `1d`, 90 as `90s`.
  package static func time(_ seconds: Int) -> String {
    let units = [(604_800, "w"), (86_400, "d"), (3600, "h"), (60, "m")]
    guard seconds > 0, let unit = units.first(where: { seconds.isMultiple(of: $0.0) }) else { return "\(seconds)s" }
    return "\(seconds / unit.0)\(unit.1)"
  }

  /// `1000`, `20GB`, `512MiB`; decimal and binary units, in any case.
  package static func bytes(_ text: String) -> Int? {
    var units = ["": 1, "b": 1]
    for (power, prefix) in ["k", "m", "g", "t"].enumerated() {
      units["\(prefix)b"] = (0...power).reduce(1) { product, _ in product * 1000 }
      units["\(prefix)ib"] = (0...power).reduce(1) { product, _ in product * 1024 }
      units[prefix] = units["\(prefix)ib"]
    }
    return number(text.lowercased(), units: units, maximum: Int.max)
  }

  /// `0`, `12`: digits and nothing else, so no sign.
  ///
  /// - Returns: `nil` for anything else, and for what is above the maximum.
  package static func count(_ text: String, maximum: Int) -> Int? { number(text, units: ["": 1], maximum: maximum) }

  private static func number(_ text: String, units: [String: Int], maximum: Int) -> Int? {
    let digits = text.prefix { $0.isASCII && $0.isWholeNumber }
    let unit = String(text[digits.endIndex...].drop { $0 == " " })
    guard let count = Int(digits), let factor = units[unit] else { return nil }
    let (product, isOver) = count.multipliedReportingOverflow(by: factor)
    return isOver || product > maximum ? nil : product
  }
}
