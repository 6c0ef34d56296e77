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

  /// The absolute path of a dump or journal that an operator names. A link is not followed, only the directories on the
  /// way to it.
  package func absolutePath(named name: String) -> String {
    let path = path(named: name)
    let (parent, last) =
      path.utf8.lastIndex(of: UInt8(ascii: "/")).map { slash in
        (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.utf8.index(after: slash)...]))
      } ?? (".", path)
    guard let real = realpath(parent, nil) else { return path }
    defer { free(real) }
    let directory = String(cString: real)
    return directory == "/" ? "/\(last)" : "\(directory)/\(last)"
  }
}
