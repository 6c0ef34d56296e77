import Retention
import Settings

extension RetentionPolicy {
  /// Reads the operator's rules; the standard ones count only where no rule at all is set.
  ///
  /// A rule that is set to 0 is off. When that leaves none, everything would stay for ever, or next to nothing would; nobody who
  /// sets rules wants either, so it is a fault.
  static func load(_ reader: inout EnvironmentReader) -> RetentionPolicy {
    let isAnySet = variables.contains { reader.isSet($0) }
    let standard = isAnySet ? RetentionPolicy() : .standard
    var policy = RetentionPolicy()
    var off: [String] = []
    /// - Returns: `nil` when the rule is off or not set.
    func read(_ name: String, standard: Int = 0, takes: String, _ parse: (String) -> Int?) -> Int? {
      let value = reader.parsed(name, absent: standard > 0 ? "\(standard)" : "off", takes: takes, parse)
      if value == 0 { off.append(name) }
      let effective = value ?? standard
      return effective > 0 ? effective : nil
    }
    func count(_ name: String, standard: Int = 0) -> Int? {
      read(name, standard: standard, takes: "a whole number from 0 (off) to \(mostDumps)") {
        Quantities.count($0, maximum: mostDumps)
      }
    }
    policy.last = count("KEEP_LAST", standard: standard.last) ?? 0
    policy.hourly = count("KEEP_HOURLY", standard: standard.hourly) ?? 0
    policy.daily = count("KEEP_DAILY", standard: standard.daily) ?? 0
    policy.weekly = count("KEEP_WEEKLY", standard: standard.weekly) ?? 0
    policy.monthly = count("KEEP_MONTHLY", standard: standard.monthly) ?? 0
    policy.yearly = count("KEEP_YEARLY", standard: standard.yearly) ?? 0
    policy.within = read("KEEP_WITHIN", takes: "a time such as 90s, 36h or 14d, or 0 (off)") { Quantities.seconds($0) }
    policy.maximumBytes = read("KEEP_MAX_BYTES", takes: "a size such as 20GB or 512MiB, or 0 (off)") {
      Quantities.bytes($0)
    }
    policy.maximumCount = count("KEEP_MAX_COUNT")
    guard policy.isEmpty else { return policy }
    for name in off { reader.fault(name, sentenceOfNone(name)) }
    return policy
  }

  private static let variables = [
    "KEEP_LAST", "KEEP_HOURLY", "KEEP_DAILY", "KEEP_WEEKLY", "KEEP_MONTHLY", "KEEP_YEARLY", "KEEP_WITHIN",
    "KEEP_MAX_BYTES", "KEEP_MAX_COUNT",
  ]
  private static let mostDumps = 1_000_000

  private static func sentenceOfNone(_ name: String) -> String {
    let flag = Setting.all.first { $0.variable == name }.map { " (\($0.flag))" } ?? ""
    return
      "is 0\(flag), which switches this rule off, and no other rule is on, so nothing says which dumps stay. Set a rule above 0, such as KEEP_LAST=5, or set none for the defaults"
  }
}
