import Glibc

/// Descriptors 0, 1 and 2.
package enum StandardDescriptors {
  /// Opens `/dev/null` for each that the parent has closed. Otherwise the next file or socket that is opened would get its
  /// number, and output would be written to it.
  ///
  /// It does not use the Swift runtime, since it runs before that is set up.
  package static func occupy() {
    while true {
      let descriptor = open("/dev/null", O_RDWR)
      if descriptor > STDERR_FILENO { close(descriptor) }
      if descriptor < 0 || descriptor > STDERR_FILENO { return }
    }
  }
}
