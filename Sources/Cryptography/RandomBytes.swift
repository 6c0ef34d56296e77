import COpenSSL

/// A source of salts and nonces.
package struct RandomBytes: Sendable {
  private let source: @Sendable (Int) -> [UInt8]?

  /// A source of its own, as tests need.
  ///
  /// - Parameter source: returns `count` bytes, or `nil` when it has none.
  package init(_ source: @escaping @Sendable (_ count: Int) -> [UInt8]?) {
    self.source = source
  }

  /// Some bytes, or `nil` when the source fails.
  package func next(_ count: Int) -> [UInt8]? { source(count) }

  /// OpenSSL's generator, seeded by the kernel.
  package static let system = RandomBytes { count in
    var bytes = [UInt8](repeating: 0, count: count)
    return RAND_bytes(&bytes, Int32(count)) == 1 ? bytes : nil
  }
}
