import JSON

/// How long a client wants to wait for an answer: `Prefer: wait=10` (RFC 7240, section 4.3).
enum PreferredWait {
  /// For a client that says nothing. Load balancers and clients often end a request after 60 seconds.
  static let standard = 50
  /// As long as a drain may take.
  static let longest = 3600

  /// Seconds.
  ///
  /// - Parameter lines: the values of `Prefer`. The first wait counts.
  static func seconds(_ lines: [String]) -> Int {
    for preference in lines.flatMap({ $0.parts(betweenBytes: UInt8(ascii: ",")) }) {
      guard let parts = preference.cut(at: UInt8(ascii: "=")),
        parts.before.withoutOuterSpace.asciiLowercased.hasSameBytes(as: "wait")
      else {
        continue
      }
      let seconds = parts.after.withoutOuterSpace
      guard seconds.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let number = Int(seconds) else { return standard }
      return min(max(1, number), longest)
    }
    return standard
  }
}
