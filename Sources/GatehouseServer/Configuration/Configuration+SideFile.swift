import DumpDirectory
import Glibc
import Model
import Platform
import Settings

extension Configuration {
  /// Reads Doorman's file of security settings.
  ///
  /// The file may hold the list of addresses that may connect. A file that can't be read is therefore a fault: without
  /// the list the gateway would answer everybody. A missing file is no fault. Neither is a missing directory, if the
  /// start creates it, as it does for the dump directory.
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

/// Reads Doorman's file of security settings.
enum SideFileReader {
  /// Bytes. A larger file is no file of settings.
  private static let maximumSize = 1 << 20

  enum Failure: Error, CustomStringConvertible {
    /// Its directory does not exist, or is no directory.
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
        "\(String(cString: strerror(number))); give the gateway's user read access to it, or name another file"
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
