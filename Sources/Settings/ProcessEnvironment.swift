import Glibc

/// The environment, working directory and limits of the process. They are read without Foundation, which would double the
/// size of a small program.
package enum ProcessEnvironment {
  /// A file of the system that can't be read, or is too large.
  package struct Unreadable: Error {}

  /// The environment as the process was given it. A process that can't read it ends: otherwise every setting would have
  /// its default.
  package static var environment: [String: String] {
    guard let text = try? bytes(of: "/proc/self/environ", maximum: 16 << 20) else { endWithoutEnvironment() }
    return Dictionary(
      text.split(separator: 0).compactMap { entry -> (String, String)? in
        guard let equals = entry.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        // Names are ASCII. To Swift the Kelvin sign is a K, so another name could take the place of one of ours.
        guard entry[..<equals].allSatisfy({ $0 < 0x80 }) else { return nil }
        return (
          String(decoding: entry[..<equals], as: UTF8.self), String(decoding: entry[(equals + 1)...], as: UTF8.self)
        )
      }, uniquingKeysWith: { first, _ in first })
  }

  private static func endWithoutEnvironment() -> Never {
    let sentence =
      "the environment can't be read from /proc/self/environ; mount /proc, and check that it is at most 16 MiB\n"
    // If this can't be written either, nothing is left to do.
    _ = sentence.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    _exit(configurationFault)
  }

  /// `EX_CONFIG` of sysexits.h, as for every other fault of the settings.
  private static let configurationFault: Int32 = 78

  /// The working directory.
  package static var workingDirectory: String {
    guard let path = getcwd(nil, 0) else { return "/" }
    defer { free(path) }
    return String(cString: path)
  }

  /// The soft limit of descriptors that the process may have open.
  package static var descriptorLimit: Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
    // An unlimited number is more than the kernel's table takes.
    return Int(clamping: min(limit.rlim_cur, 1 << 20))
  }

  /// Raises the soft limit of descriptors to the hard one. If that is refused, the soft one stays.
  package static func raiseDescriptorLimit() {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(resource, &limit)
  }

  /// Reads a small file of the system, such as those of `/proc`. For secrets there is `SecretFile`.
  package static func text(of path: String) throws -> String {
    String(decoding: try bytes(of: path, maximum: 1 << 20), as: UTF8.self)
  }

  private static func bytes(of path: String, maximum: Int) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Unreadable() }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0, bytes.count + count <= maximum else { throw Unreadable() }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
    }
  }
}
