import JWTKit
enum Placeholder {}
