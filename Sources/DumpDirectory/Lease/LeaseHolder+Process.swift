import Cryptography
import Glibc

extension LeaseHolder {
  /// Describes this process.
  ///
  /// - Parameter randomness: the source of the random name.
  package static func current(randomness: some RandomNumberGenerator = SystemRandomNumberGenerator()) -> LeaseHolder {
    var randomness = randomness
    let name = Hexadecimal.encode((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &randomness) })
    return LeaseHolder(name: name, host: host, process: Int(getpid()), bootID: bootID)
  }

  private static var host: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "" }
    return text(buffer)
  }

  private static var bootID: String {
    let descriptor = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var buffer = [CChar](repeating: 0, count: 64)
    guard read(descriptor, &buffer, buffer.count - 1) > 0 else { return "" }
    return text(buffer)
  }

  /// The text of a buffer up to the first control character.
  private static func text(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 > 0x1F }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
