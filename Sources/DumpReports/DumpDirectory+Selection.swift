package import DumpDirectory
import Glibc

extension DumpDirectory {
  /// The path of a dump that an operator names.
  ///
  /// - Parameter name: a path, or a bare name: of the dump directory, else of the working directory.
  package func path(named name: String) -> String {
    if name.utf8.contains(UInt8(ascii: "/")) { return name }
    let path = "\(location.directory)/\(name)"
    return access(path, F_OK) == 0 ? path : name
  }
}
