"""The watch on crossings: does every call between C and Go keep what the ABI promises?"""
