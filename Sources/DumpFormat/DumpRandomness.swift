import COpenSSL

/// Where salts and nonces come from.
package struct DumpRandomness: Sendable {
  let bytes: @Sendable (Int) -> [UInt8]?

  package init(bytes: @escaping @Sendable (_ count: Int) -> [UInt8]?) {
    self.bytes = bytes
  }

  /// OpenSSL's generator, seeded by the kernel.
  package static let system = DumpRandomness { count in
    var bytes = [UInt8](repeating: 0, count: count)
    return RAND_bytes(&bytes, Int32(count)) == 1 ? bytes : nil
  }
}
