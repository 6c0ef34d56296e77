import Glibc
package import Listener
import Settings

/// The certificate of the port, with the files that it came from.
package struct PortCertificate: Sendable {
  /// The files of a certificate and its key.
  package struct Files: Sendable {
    /// The path of the certificate and its chain.
    package let chain: String
    /// The path of the key.
    package let key: String

    /// The state of both files, as far as a change of one shows in it.
    var stamps: [FileStamp?] { [FileStamp(of: chain), FileStamp(of: key)] }

    /// Reads both files, and waits for the volume that they are on.
    func read() throws(ServerCertificate.Fault) -> ServerCertificate.Text {
      let chainText: String
      do throws(SecretFile.Fault) {
        chainText = try SecretFile.text(of: chain)
      } catch {
        throw .chain("\(error)")
      }
      do throws(SecretFile.Fault) {
        return ServerCertificate.Text(chain: chainText, key: try SecretFile.text(of: key))
      } catch {
        throw .key("\(error)")
      }
    }

    /// A sentence about a fault of one of the files.
    func sentence(_ fault: ServerCertificate.Fault) -> String {
      let path =
        switch fault {
        case .chain: chain
        case .key: key
        }
      return "names the file '\(path)', which \(fault.sentence)"
    }
  }

  /// The files.
  package let files: Files
  /// The state of the files before they were read.
  let stamps: [FileStamp?]
  /// The certificate.
  package let certificate: ServerCertificate

  init(_ files: Files) throws(ServerCertificate.Fault) {
    self.files = files
    stamps = files.stamps
    certificate = try ServerCertificate(try files.read())
  }
}

extension Configuration {
  /// The certificate of the port, or `nil` when it speaks plain HTTP.
  static func certificate(_ reader: inout EnvironmentReader) -> PortCertificate? {
    let declared = settings.http
    let chain = reader.value(of: declared.certificateFile)
    let key = reader.value(of: declared.keyFile)
    switch (chain, key) {
    case (nil, nil): return nil
    case (nil, _?):
      reader.fault(
        declared.certificateFile, "is not set, but SSL_KEYFILE is; set both for TLS, or none for plain HTTP")
      return nil
    case (_?, nil):
      reader.fault(declared.keyFile, "is not set, but SSL_CERTFILE is; set both for TLS, or none for plain HTTP")
      return nil
    case (let chain?, let key?):
      let files = PortCertificate.Files(chain: chain, key: key)
      do throws(ServerCertificate.Fault) {
        return try PortCertificate(files)
      } catch {
        let sentence = files.sentence(error)
        switch error {
        case .chain: reader.fault(declared.certificateFile, sentence)
        case .key: reader.fault(declared.keyFile, sentence)
        }
        return nil
      }
    }
  }
}
