import Glibc

/// The memory use of this process, as the kernel reports it.
enum ProcessMemory {
  /// The resident share of the machine's memory, in percent, or `nil` when the kernel does not report it.
  static var percent: Double? {
    guard let pages = residentPages else { return nil }
    let total = sysconf(Int32(_SC_PHYS_PAGES))
    return total > 0 ? Double(pages) / Double(total) * 100 : nil
  }

  /// The resident pages: the second number of `/proc/self/statm` (proc(5)).
  private static var residentPages: Int? {
    let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 128)
    let count = read(descriptor, &buffer, buffer.count)
    guard count > 0 else { return nil }
    let numbers = String(decoding: buffer[..<count], as: UTF8.self).split(separator: " ")
    return numbers.count > 1 ? Int(numbers[1]) : nil
  }
}
