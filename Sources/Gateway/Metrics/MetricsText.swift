import JSON

/// Figures in the text format of Prometheus, version 0.0.4.
struct MetricsText {
  private(set) var text = ""

  mutating func family(_ name: String, _ type: String, _ help: String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
  }

  mutating func sample(_ name: String, _ labels: KeyValuePairs<String, String>, _ value: some CustomStringConvertible) {
    text += name
    if !labels.isEmpty {
      text += "{" + labels.map { "\($0.key)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",") + "}"
    }
    text += " \(value)\n"
  }

  /// - Parameter histograms: with the same buckets.
  mutating func histogram(_ name: String, _ help: String, _ bounds: [UInt64], _ histograms: [TimeHistogram]) {
    family(name, "histogram", help)
    var counts = [Int](repeating: 0, count: bounds.count + 1)
    var sum = 0
    for histogram in histograms {
      let values = histogram.values
      for (place, count) in values.counts.enumerated() { counts[place] += count }
      sum += values.sum
    }
    var total = 0
    for (bound, count) in zip(bounds, counts) {
      total += count
      sample("\(name)_bucket", ["le": Self.seconds(Int(bound))], total)
    }
    total += counts[bounds.count]
    sample("\(name)_bucket", ["le": "+Inf"], total)
    sample("\(name)_sum", [:], Self.seconds(sum))
    sample("\(name)_count", [:], total)
  }

  /// Microseconds as seconds, without an exponent.
  static func seconds(_ microseconds: Int) -> String {
    let fraction = String(microseconds % 1_000_000 + 1_000_000).dropFirst()
    let digits = String(fraction.reversed().drop { $0 == "0" }.reversed())
    return "\(microseconds / 1_000_000)" + (digits.isEmpty ? "" : "." + digits)
  }

  private static func escaped(_ text: String) -> String {
    var escaped = ""
    for character in text.unicodeScalars {
      switch character {
      case "\\": escaped += "\\\\"
      case "\"": escaped += "\\\""
      case "\n": escaped += "\\n"
      default: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }
}
