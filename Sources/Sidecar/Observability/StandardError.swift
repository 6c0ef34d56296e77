import Glibc

/// What must be said whatever became of everything else.
enum StandardError {
  static func write(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
  }
}
