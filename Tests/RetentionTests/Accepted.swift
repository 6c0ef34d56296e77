import Retention

extension [JudgedDump] {
  /// The dumps, of which those with these names are accepted.
  func accepting(_ names: Set<String>) -> [JudgedDump] {
    map { dump in
      JudgedDump(
        name: dump.name, createdAt: dump.createdAt, bytes: dump.bytes, verdict: dump.verdict,
        isAccepted: names.contains(dump.name))
    }
  }
}
