import DumpDirectory
import Glibc
import Model
import Resources
import Settings

extension Configuration {
  /// The peer's side file with security settings.
  ///
  /// It may hold the list of addresses that may call, so one that can't be read is a fault: without it the service would answer
  /// everybody. One that is not there is none. That holds for its directory, too, where the start makes it: the one of the
  /// dumps.
  ///
  /// - Parameters:
  ///   - dumps: `MEM_DUMP_PATH`.
  ///   - read: reads a file.
  static func sideFile(
    _ reader: inout EnvironmentReader, dumps: String?, read: (String) throws(SideFileReader.Failure) -> [UInt8]?
  ) -> (file: SideFile?, missing: String?) {
    let setting = settings.http.securitySettingsFile
    let path = reader.value(of: setting)
    let isMadeHere = path == setting.standard || parent(of: path) == dumps.map(parent)
    do {
      guard let text = try read(path) else { return (nil, path == setting.standard ? nil : path) }
      return (try SideFile(text), nil)
    } catch SideFileReader.Failure.noDirectory where isMadeHere {
      return (nil, nil)
    } catch let error as SideFile.Fault {
      reader.fault(
        setting,
        "names the file '\(path)', which \(error); mend it, or remove it to start without the settings in it")
    } catch {
      reader.fault(setting, "names the file '\(path)', which can't be read: \(error)")
    }
    return (nil, nil)
  }

  private static func parent(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
  }
}

/// Reads the peer's side file.
enum SideFileReader {
  /// What a file of some settings may have; a larger one is none.
  private static let maximumSize = 1 << 20

  enum Failure: Error, CustomStringConvertible {
    /// The directory in which it would be is not there, or is none.
    case noDirectory
    case deadLink
    case notRegular
    case tooLarge
    case system(Int32)

    var description: String {
      switch self {
      case .noDirectory:
        "its directory is not there, or is none; make the directory or mount its volume, or unset the variable"
      case .deadLink: "it is a link that leads nowhere; put the file in its place, or remove the link"
      case .notRegular: "it is no regular file; name a file, or unset the variable"
      case .tooLarge: "it has more than 1 MiB, which is none of this kind"
      case .system(let number):
        "\(String(cString: strerror(number))); give the service's user read access to it, or name another file"
      }
    }
  }

  /// - Returns: `nil` when there is no such file.
  static func read(_ path: String) throws(Failure) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      guard [ENOENT, ENOTDIR, ELOOP].contains(errno) else { throw .system(errno) }
      var status = stat()
      guard lstat(path, &status) != 0 else { throw .deadLink }
      let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
      guard stat(parent, &status) == 0 else { throw .noDirectory }
      return nil
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .system(errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegular }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .system(errno) }
      if count == 0 { return text }
      text += buffer[..<count]
      guard text.count <= maximumSize else { throw .tooLarge }
    }
  }
}
